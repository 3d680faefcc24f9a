/** The menus of the frame. They open as they are first drawn, because pressing their button is what loads them. */

import { Menu } from '@base-ui/react/menu';
import type { ReactNode } from 'react';
import { useLocation } from 'wouter';
import { at } from '../data/base.ts';
import { usePerson } from '../data/person.ts';
import { signOut } from '../data/sign-in.ts';
import { setTheme, type Theme, useTheme } from '../data/theme.ts';
import { CheckIcon } from './icons.tsx';
import { leavesDashboard, type Place, useIsHere } from './shell.tsx';

/** The same pages where the screen is too narrow for a column of links. */
export function PagesMenu({ places, label }: { places: readonly Place[]; label: ReactNode }) {
  return (
    <Menu.Root defaultOpen>
      <Menu.Trigger className="icon-button">{label}</Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner className="positioner" sideOffset={6} align="end">
          <Menu.Popup className="popup">
            {places.map((place) => (
              <PlaceItem key={place.href} {...place} />
            ))}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}

function PlaceItem(place: Place) {
  const { href, text, Icon } = place;
  const here = useIsHere(href);
  const [, navigate] = useLocation();
  return (
    <Menu.Item
      className="menu-item"
      aria-current={here ? 'page' : undefined}
      onClick={() => (leavesDashboard(place) ? location.assign(at(href)) : navigate(href))}
    >
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

export function PersonMenu({ label }: { label: ReactNode }) {
  const person = usePerson();
  const theme = useTheme();
  const [, navigate] = useLocation();
  return (
    <Menu.Root defaultOpen>
      <Menu.Trigger className="person-button">{label}</Menu.Trigger>
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
  location.assign(at('/sign-in'));
}
