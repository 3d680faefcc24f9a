import { useQuery } from 'urql';
import { Link } from 'wouter';
import { graphql } from '../data/graphql.ts';
import { personFields } from '../data/person.ts';
import { Answer } from '../ui/answer.tsx';
import { UsageMeter } from '../ui/meter.tsx';
import { formatNumber } from '../ui/number.ts';
import { Page, Section } from '../ui/page.tsx';
import { TableFrame } from '../ui/table-frame.tsx';
import { describeMoment } from '../ui/time.tsx';

const BillingQuery = graphql(
  `
    query Billing {
      viewer {
        ...Person
        plan {
          name
          perMinute
          perDay
          connections
          apiKeys
          usage {
            minute { used limit resetsAt }
            day { used limit resetsAt }
          }
        }
        apiKeys { id kind revokedAt expiresAt }
      }
      connections(first: 1) { totalCount }
    }
  `,
  [personFields],
);

const planTexts = { FREE: 'Free', PRO: 'Pro', UNLIMITED: 'Unlimited' } as const;

export function Billing() {
  const query = useQuery({ query: BillingQuery });
  return (
    <Page title="Plan and limits" lead="What you may use here, and what of it you have used.">
      <Answer query={query} what="your plan">
        {({ viewer: { plan, apiKeys, user }, connections }) => {
          const live = apiKeys.filter(({ revokedAt, expiresAt }) => !revokedAt && !(expiresAt && Date.parse(expiresAt) < Date.now()));
          const limits: [string, number | null, string][] = [
            ['Calls per minute and API key', plan.perMinute, 'A dashboard session counts as one key.'],
            ['Calls a day', plan.perDay, 'Over all keys; a day ends at midnight UTC.'],
            ['Connected accounts', plan.connections, 'Integrations that need no account count nothing.'],
            ['API keys in use', plan.apiKeys, 'Devices that you signed in do not count.'],
          ];
          return (
            <>
              <p>
                Your plan is <strong>{planTexts[plan.name]}</strong>.
              </p>
              <Section title="Used so far">
                <div className="cards four">
                  <div className="card">
                    <UsageMeter
                      label="Calls today"
                      used={plan.usage.day.used}
                      limit={plan.usage.day.limit}
                      note={`Counting starts again ${describeMoment(plan.usage.day.resetsAt)}`}
                    />
                  </div>
                  {plan.usage.minute && (
                    <div className="card">
                      <UsageMeter
                        label="Calls this minute from the dashboard"
                        used={plan.usage.minute.used}
                        limit={plan.usage.minute.limit}
                        note="Each API key has a minute of its own"
                      />
                    </div>
                  )}
                  <div className="card">
                    <UsageMeter label="Connected accounts" used={connections.totalCount} limit={plan.connections} />
                  </div>
                  <div className="card">
                    <UsageMeter label="API keys in use" used={live.filter(({ kind }) => kind === 'MANUAL').length} limit={plan.apiKeys} />
                  </div>
                </div>
              </Section>
              <Section title="Limits">
                <TableFrame caption="Limits of your plan" narrow>
                  <thead>
                    <tr>
                      <th scope="col">What</th>
                      <th scope="col" className="number">
                        At most
                      </th>
                      <th scope="col">How it is counted</th>
                    </tr>
                  </thead>
                  <tbody>
                    {limits.map(([what, limit, how]) => (
                      <tr key={what}>
                        <th scope="row">{what}</th>
                        <td className="number nowrap">{limit === null ? 'no limit' : formatNumber(limit)}</td>
                        <td>{how}</td>
                      </tr>
                    ))}
                  </tbody>
                </TableFrame>
              </Section>
              <Section title="How to get more">
                {user.isOwner ? (
                  <p>
                    You run this installation: <Link href="/dashboard/operator">set plans and limits</Link> of every user, yourself
                    included. What a plan holds is set by the variable <code>SKILLETT_LIMITS</code>.
                  </p>
                ) : (
                  <p>
                    Nothing is for sale here: the person who runs this installation sets your plan. Ask them for a higher one, and say what
                    you need.
                  </p>
                )}
              </Section>
            </>
          );
        }}
      </Answer>
    </Page>
  );
}
