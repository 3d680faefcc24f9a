/** The frame around every page behind the sign-in: where one is, where one can go, and who one is. */
import { Menu } from '@base-ui/react/menu';
import type { ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import { usePerson } from '../data/person.ts';
import { signOut } from '../data/sign-in.ts';
import { setTheme, type Theme, useTheme } from '../data/theme.ts';
import { CheckIcon, DownIcon, GaugeIcon, GearIcon, HomeIcon, KeyIcon, ListIcon, MenuIcon, PlugIcon, TowerIcon } from './icons.tsx';
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

export function Shell({ children }: { children: ReactNode }) {
  const person = usePerson();
  const shown = person?.isOwner ? [...places, operatorPlace] : places;
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
          <PagesMenu places={shown} />
          <PersonMenu />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

type Place = (typeof places)[number] | typeof operatorPlace;

function useIsHere(href: string): boolean {
  const [path] = useLocation();
  return href === '/dashboard' ? path === href : path === href || path.startsWith(`${href}/`);
}

function NavLink({ href, text, Icon }: Place) {
  const here = useIsHere(href);
  return (
    <Link href={href} className="nav-link" aria-current={here ? 'page' : undefined}>
      <Icon />
      {text}
    </Link>
  );
}

/** The same pages where the screen is too narrow for a column of links. */
function PagesMenu({ places: shown }: { places: readonly Place[] }) {
  return (
    <div className="narrow-only">
      <Menu.Root>
        <Menu.Trigger className="icon-button" aria-label="Pages">
          <MenuIcon />
        </Menu.Trigger>
        <Menu.Portal>
          <Menu.Positioner className="positioner" sideOffset={6} align="end">
            <Menu.Popup className="popup">
              {shown.map((place) => (
                <PlaceItem key={place.href} {...place} />
              ))}
            </Menu.Popup>
          </Menu.Positioner>
        </Menu.Portal>
      </Menu.Root>
    </div>
  );
}

function PlaceItem({ href, text, Icon }: Place) {
  const here = useIsHere(href);
  const [, navigate] = useLocation();
  return (
    <Menu.Item className="menu-item" aria-current={here ? 'page' : undefined} onClick={() => navigate(href)}>
      <Icon />
      {text}
    </Menu.Item>
  );
}

const themes: { value: Theme; text: string }[] = [
  { value: 'system', text: 'As the system' },
  { value: 'light', text: 'Light' },
  { value: 'dark', text: 'Dark' },
];

function PersonMenu() {
  const person = usePerson();
  const theme = useTheme();
  const [, navigate] = useLocation();
  const name = person?.displayName ?? 'Account';
  return (
    <Menu.Root>
      <Menu.Trigger className="person-button">
        <span className="initial" data-initial={name.slice(0, 1).toUpperCase()} aria-hidden="true" />
        <span className="person-name">{name}</span>
        <span className="unseen">: appearance and sign-out</span>
        <DownIcon />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner className="positioner" sideOffset={6} align="end">
          <Menu.Popup className="popup">
            {person && <p className="menu-text">{person.email}</p>}
            <Menu.RadioGroup value={theme} onValueChange={(value) => setTheme(value as Theme)}>
              <Menu.GroupLabel className="menu-label">Appearance</Menu.GroupLabel>
              {themes.map(({ value, text }) => (
                <Menu.RadioItem key={value} value={value} className="menu-item" closeOnClick={false}>
                  <span className="menu-mark">
                    <Menu.RadioItemIndicator>
                      <CheckIcon />
                    </Menu.RadioItemIndicator>
                  </span>
                  {text}
                </Menu.RadioItem>
              ))}
            </Menu.RadioGroup>
            <Menu.Separator className="menu-line" />
            <Menu.Item className="menu-item" onClick={() => navigate('/settings')}>
              Settings
            </Menu.Item>
            <Menu.Item className="menu-item" onClick={() => void leave()}>
              Sign out
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}

async function leave(): Promise<void> {
  await signOut();
  // A fresh page holds nothing of what this person saw, nor what they typed.
  sessionStorage.clear();
  location.assign('/sign-in');
}
