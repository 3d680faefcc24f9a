import type { ReactNode } from 'react';
import type { AnyVariables, UseQueryResponse } from 'urql';
import { describeError } from '../data/failure.ts';
import { Loading } from './loading.tsx';
import { Problem } from './problem.tsx';

/** What a query has so far: waiting, a failure with another try, or its data. Old data stays while newer comes. */
export function Answer<Data, Variables extends AnyVariables>({
  query: [result, again],
  what,
  children,
}: {
  query: UseQueryResponse<Data, Variables>;
  what: string;
  children: (data: Data) => ReactNode;
}) {
  const retry = () => again({ requestPolicy: 'network-only' });
  if (result.data) {
    return (
      <>
        {result.error && <Problem failure={describeError(result.error)} onRetry={retry} />}
        {children(result.data)}
      </>
    );
  }
  if (result.error) return <Problem failure={describeError(result.error)} onRetry={retry} />;
  return <Loading what={what} />;
}
