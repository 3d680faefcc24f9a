import { expect, it } from 'vitest';

it.runIf(process.env.MUST_FAIL === 'true')('a run with a failed test ends with a status other than 0', () => {
  expect('this test').toBe('failed, so that CI can see that a failure is reported');
});
