import { Toast } from '@base-ui/react/toast';
import type { ReactNode } from 'react';
import { CloseIcon } from './icons.tsx';

const manager = Toast.createToastManager();

/** Tells of something that was done; announced to screen readers, gone after a few seconds. */
export function announce(title: string, description?: string): void {
  manager.add({ title, ...(description === undefined ? {} : { description }) });
}

export function Toasts({ children }: { children: ReactNode }) {
  return (
    <Toast.Provider toastManager={manager} timeout={8_000} limit={3}>
      {children}
      <Toast.Portal>
        <Toast.Viewport className="toasts">
          <List />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function List() {
  const { toasts } = Toast.useToastManager();
  return toasts.map((toast) => (
    <Toast.Root key={toast.id} toast={toast} className="toast">
      <Toast.Content className="toast-content">
        <div>
          <Toast.Title className="toast-title" />
          <Toast.Description className="toast-text" />
        </div>
        <Toast.Close className="icon-button" aria-label="Dismiss">
          <CloseIcon />
        </Toast.Close>
      </Toast.Content>
    </Toast.Root>
  ));
}
