import { LinkButton } from '../ui/button.tsx';
import { Empty, Page } from '../ui/page.tsx';

export function NotFound() {
  return (
    <Page title="There is no such page">
      <Empty title="The address leads nowhere" action={<LinkButton href="/dashboard">Go home</LinkButton>}>
        It may have been mistyped, or the page was moved.
      </Empty>
    </Page>
  );
}
