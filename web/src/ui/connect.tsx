import { type ComponentProps, lazy, Suspense } from 'react';
import type { ConnectDialog } from './connect-dialog.tsx';
import { Loading } from './loading.tsx';

const Dialog = lazy(async () => ({ default: (await import('./connect-dialog.tsx')).ConnectDialog }));

/** The dialog that connects an account, loaded when it is first opened. */
export function Connect(props: ComponentProps<typeof ConnectDialog>) {
  return (
    <Suspense fallback={<Loading what="the dialog" />}>
      <Dialog {...props} />
    </Suspense>
  );
}
