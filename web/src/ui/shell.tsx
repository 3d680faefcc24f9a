/** The frame around every page behind the sign-in: where one is, where one can go, and who one is. */

import { lazy, type ReactNode, Suspense, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { at } from '../data/base.ts';
import { usePerson } from '../data/person.ts';
import { useSessionEnded } from '../data/session-end.ts';
import { BracesIcon, DownIcon, GaugeIcon, GearIcon, HomeIcon, KeyIcon, ListIcon, MenuIcon, PlugIcon, TowerIcon } from './icons.tsx';
import mark from './mark.svg';

const places = [
  { href: '/dashboard', text: 'Home', Icon: HomeIcon },
  { href: '/dashboard/integrations', text: 'Integrations', Icon: PlugIcon },
  { href: '/dashboard/api-keys', text: 'API keys', Icon: KeyIcon },
  { href: '/dashboard/calls', text: 'Calls', Icon: ListIcon },
  { href: '/billing', text: 'Plan and limits', Icon: GaugeIcon },
  { href: '/settings', text: 'Settings', Icon: GearIcon },
] as const;
const operatorPlace = { href: '/dashboard/operator', text: 'Operator', Icon: TowerIcon } as const;

/** GraphiQL, a document of its own, where the gateway says that it is there. */
const playgroundPlace = { href: '/graphql', text: 'Playground', Icon: BracesIcon } as const;
const hasPlayground = document.documentElement.dataset.playground === 'on';

const PagesMenu = lazy(async () => ({ default: (await import('./shell-menus.tsx')).PagesMenu }));
const PersonMenu = lazy(async () => ({ default: (await import('./shell-menus.tsx')).PersonMenu }));

const SignedOut = lazy(async () => ({ default: (await import('./signed-out.tsx')).SignedOut }));

export function Shell({ children }: { children: ReactNode }) {
  const person = usePerson();
  const signedOut = useSessionEnded();
  const name = person?.displayName ?? 'Account';
  const shown = [...places, ...(hasPlayground ? [playgroundPlace] : []), ...(person?.isOwner ? [operatorPlace] : [])];
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="side">
        <Link href="/dashboard" className="brand">
          <img src={mark} alt="" width="28" height="28" />
          Skillett
        </Link>
        <nav aria-label="Pages" className="side-nav">
          <ul>
            {shown.map((place) => (
              <li key={place.href}>
                <NavLink {...place} />
              </li>
            ))}
          </ul>
        </nav>
        <div className="side-end">
          <div className="narrow-only">
            <PressedMenu className="icon-button" label={<PagesLabel />}>
              <PagesMenu places={shown} label={<PagesLabel />} />
            </PressedMenu>
          </div>
          <PressedMenu className="person-button" label={<PersonLabel name={name} />}>
            <PersonMenu label={<PersonLabel name={name} />} />
          </PressedMenu>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      {signedOut && (
        <Suspense>
          <SignedOut />
        </Suspense>
      )}
    </div>
  );
}

export type Place = (typeof places)[number] | typeof playgroundPlace | typeof operatorPlace;

/** Whether opening it leaves the dashboard's document. */
export function leavesDashboard({ href }: Place): boolean {
  return href === playgroundPlace.href;
}

export function useIsHere(href: string): boolean {
  const [path] = useLocation();
  return href === '/dashboard' ? path === href : path === href || path.startsWith(`${href}/`);
}

function NavLink(place: Place) {
  const { href, text, Icon } = place;
  const here = useIsHere(href);
  if (leavesDashboard(place))
    return (
      <a href={at(href)} className="nav-link">
        <Icon />
        {text}
      </a>
    );
  return (
    <Link href={href} className="nav-link" aria-current={here ? 'page' : undefined}>
      <Icon />
      {text}
    </Link>
  );
}

/** A button that becomes a menu when it is pressed: until then the page does without the script of menus. */
function PressedMenu({ className, label, children }: { className: string; label: ReactNode; children: ReactNode }) {
  const [pressed, setPressed] = useState(false);
  const button = (
    <button type="button" className={className} aria-haspopup="menu" aria-expanded={false} onClick={() => setPressed(true)}>
      {label}
    </button>
  );
  return pressed ? <Suspense fallback={button}>{children}</Suspense> : button;
}

function PagesLabel() {
  return (
    <>
      <MenuIcon />
      <span className="unseen">Pages</span>
    </>
  );
}

function PersonLabel({ name }: { name: string }) {
  return (
    <>
      <span className="initial" data-initial={name.slice(0, 1).toUpperCase()} aria-hidden="true" />
      <span className="person-name">{name}</span>
      <span className="unseen">: appearance and sign-out</span>
      <DownIcon />
    </>
  );
}
