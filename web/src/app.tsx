/** The routes. Every page is a chunk of its own, loaded when it is first opened. */
import { CSPProvider } from '@base-ui/react/csp-provider';
import { type ComponentType, lazy, Suspense } from 'react';
import { Provider } from 'urql';
import { Redirect, Route, Router, Switch, useLocation } from 'wouter';
import { base } from './data/base.ts';
import { client } from './data/client.ts';
import { Loading } from './ui/loading.tsx';
import { PageFault } from './ui/page-fault.tsx';
import { Shell } from './ui/shell.tsx';
import { Toasts } from './ui/toasts.tsx';

const Home = page(() => import('./pages/home.tsx').then(({ Home }) => Home));
const ApiKeys = page(() => import('./pages/api-keys.tsx').then(({ ApiKeys }) => ApiKeys));
const Integrations = page(() => import('./pages/integrations.tsx').then(({ Integrations }) => Integrations));
const Integration = page(() => import('./pages/integration.tsx').then(({ Integration }) => Integration));
const Calls = page(() => import('./pages/calls.tsx').then(({ Calls }) => Calls));
const Device = page(() => import('./pages/device.tsx').then(({ Device }) => Device));
const Billing = page(() => import('./pages/billing.tsx').then(({ Billing }) => Billing));
const Settings = page(() => import('./pages/settings.tsx').then(({ Settings }) => Settings));
const Operator = page(() => import('./pages/operator.tsx').then(({ Operator }) => Operator));
const SignIn = page(() => import('./pages/sign-in.tsx').then(({ SignIn }) => SignIn));
const SignUp = page(() => import('./pages/sign-up.tsx').then(({ SignUp }) => SignUp));
const NotFound = page(() => import('./pages/not-found.tsx').then(({ NotFound }) => NotFound));

function page(load: () => Promise<ComponentType>) {
  return lazy(async () => ({ default: await load() }));
}

export function App() {
  return (
    <CSPProvider disableStyleElements>
      <Provider value={client}>
        <Toasts>
          <PageFault>
            <Suspense fallback={<Loading what="the page" />}>
              <Router base={base}>
                <Switch>
                  <Route path="/sign-in" component={SignIn} />
                  <Route path="/sign-up" component={SignUp} />
                  <Route path="/">
                    <Redirect to="/dashboard" replace />
                  </Route>
                  <Route>
                    <Shell>
                      <SignedInPages />
                    </Shell>
                  </Route>
                </Switch>
              </Router>
            </Suspense>
          </PageFault>
        </Toasts>
      </Provider>
    </CSPProvider>
  );
}

function SignedInPages() {
  const [path] = useLocation();
  return (
    // A page that could not be shown must not keep others from being shown.
    <PageFault key={path}>
      <Suspense fallback={<Loading what="the page" />}>
        <Switch>
          <Route path="/dashboard" component={Home} />
          <Route path="/dashboard/api-keys" component={ApiKeys} />
          <Route path="/dashboard/integrations" component={Integrations} />
          <Route path="/dashboard/integrations/:slug" component={Integration} />
          <Route path="/dashboard/calls" component={Calls} />
          <Route path="/dashboard/operator" component={Operator} />
          <Route path="/device" component={Device} />
          <Route path="/billing" component={Billing} />
          <Route path="/settings" component={Settings} />
          <Route component={NotFound} />
        </Switch>
      </Suspense>
    </PageFault>
  );
}
