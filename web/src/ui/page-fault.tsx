import { Component, type ReactNode } from 'react';
import { Button } from './button.tsx';

/** Catches what a page throws, such as a chunk that a newer version of the server no longer has. */
export class PageFault extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <div className="notice" data-tone="bad" role="alert">
        <p>This page could not be shown. The server may have been updated since this tab was opened, or the connection was lost.</p>
        <Button onClick={() => location.reload()}>Load it again</Button>
      </div>
    );
  }
}
