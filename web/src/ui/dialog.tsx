import { AlertDialog } from '@base-ui/react/alert-dialog';
import { Dialog as Base } from '@base-ui/react/dialog';
import { type KeyboardEvent, type ReactNode, useState } from 'react';
import type { Failure } from '../data/failure.ts';
import { Button } from './button.tsx';
import { CloseIcon } from './icons.tsx';
import { Problem } from './problem.tsx';

interface DialogProps {
  open: boolean;
  title: string;
  lead?: ReactNode;
  /** Closes only by a button inside: what it shows would be lost. */
  firm?: boolean;
  wide?: boolean;
  /** Above other dialogs, which stay open under it. */
  over?: boolean;
  onClose: () => void;
  children: ReactNode;
}

export function Dialog({ open, title, lead, firm = false, wide = false, over = false, onClose, children }: DialogProps) {
  return (
    <Base.Root
      open={open}
      disablePointerDismissal={firm}
      onOpenChange={(next, details) => {
        if (firm && details.reason === 'escape-key') return details.cancel();
        if (!next) onClose();
      }}
    >
      <Base.Portal>
        <Base.Backdrop className="backdrop" data-over={over || undefined} />
        <Base.Viewport className="dialog-view" data-over={over || undefined}>
          <Base.Popup className="dialog" data-wide={wide || undefined} onKeyDown={over ? keepEscape : undefined}>
            <div className="dialog-head">
              <Base.Title className="dialog-title">{title}</Base.Title>
              {!firm && (
                <Base.Close className="icon-button" aria-label="Close">
                  <CloseIcon />
                </Base.Close>
              )}
            </div>
            {lead && <Base.Description className="dialog-lead">{lead}</Base.Description>}
            {children}
          </Base.Popup>
        </Base.Viewport>
      </Base.Portal>
    </Base.Root>
  );
}

/** Otherwise the dialogs below would take the key as meant for them. */
function keepEscape(event: KeyboardEvent): void {
  if (event.key === 'Escape') event.stopPropagation();
}

interface ConfirmProps {
  open: boolean;
  title: string;
  children: ReactNode;
  /** What the button does, as a verb. */
  verb: string;
  onCancel: () => void;
  /** Resolves with a failure to show, or with nothing when it is done. */
  onConfirm: () => Promise<Failure | undefined>;
}

/** Asks before something that cannot be taken back. */
export function Confirm({ open, title, children, verb, onCancel, onConfirm }: ConfirmProps) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure>();
  const cancel = () => {
    setFailure(undefined);
    onCancel();
  };
  const confirm = async () => {
    setBusy(true);
    setFailure(await onConfirm());
    setBusy(false);
  };
  return (
    <AlertDialog.Root open={open} onOpenChange={(next) => !next && cancel()}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="backdrop" />
        <AlertDialog.Viewport className="dialog-view">
          <AlertDialog.Popup className="dialog">
            <AlertDialog.Title className="dialog-title">{title}</AlertDialog.Title>
            <AlertDialog.Description className="dialog-lead" render={<div />}>
              {children}
            </AlertDialog.Description>
            {failure && <Problem failure={failure} />}
            <div className="row end">
              <Button onClick={cancel}>Cancel</Button>
              <Button look="danger" busy={busy} onClick={() => void confirm()}>
                {verb}
              </Button>
            </div>
          </AlertDialog.Popup>
        </AlertDialog.Viewport>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
