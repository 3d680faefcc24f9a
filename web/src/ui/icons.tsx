/** Drawn for this dashboard, 16 by 16, in the colour of the text beside them. */
import type { ReactNode } from 'react';

function icon(paths: ReactNode) {
  return () => (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {paths}
    </svg>
  );
}

export const CloseIcon = icon(<path d="m4 4 8 8m0-8-8 8" />);
export const CheckIcon = icon(<path d="m3 8.5 3.2 3.2L13 4.8" />);
export const DashIcon = icon(<path d="M4 8h8" />);
export const DownIcon = icon(<path d="m4 6 4 4 4-4" />);
export const MenuIcon = icon(<path d="M2 4h12M2 8h12M2 12h12" />);
export const CopyIcon = icon(<path d="M5.5 5.5h7v8h-7zM10.5 5.5v-3h-7v8h2" />);
export const HomeIcon = icon(<path d="M2 7.5 8 2.5l6 5M3.5 6.5v7h9v-7" />);
export const PlugIcon = icon(<path d="M5 2v3m6-3v3M3.5 5h9v2.5a4.5 4.5 0 0 1-9 0zM8 12v2.5" />);
export const KeyIcon = icon(<path d="M9.2 6.8 14 2m-2 2 1.6 1.6M9.5 10a3.5 3.5 0 1 1-3.5-3.5A3.5 3.5 0 0 1 9.5 10z" />);
export const ListIcon = icon(<path d="M2.5 4h1m2.5 0h7.5M2.5 8h1M6 8h7.5m-11 4h1M6 12h7.5" />);
export const GaugeIcon = icon(<path d="M2 11.5a6 6 0 1 1 12 0M8 11.5l3-4.5" />);
export const GearIcon = icon(
  <>
    <circle cx="8" cy="8" r="2.2" />
    <path d="M8 1.8v2M8 12.2v2M1.8 8h2M12.2 8h2M3.6 3.6 5 5m6 6 1.4 1.4m0-8.8L11 5m-6 6-1.4 1.4" />
  </>,
);
export const TowerIcon = icon(<path d="M5 14 6.2 6h3.6L11 14M4 14h8M5 2.5h6L9.8 6H6.2z" />);
export const BracesIcon = icon(
  <path d="M6 2.5c-2 0-1.5 2-1.5 3.5S3.5 8 2.5 8c1 0 2 .5 2 2s-.5 3.5 1.5 3.5m4-11c2 0 1.5 2 1.5 3.5s1 2 2 2c-1 0-2 .5-2 2s.5 3.5-1.5 3.5" />,
);
export const OutsideIcon = icon(<path d="M6.5 3h-4v10.5H13v-4M9 2.5h4.5V7M13 3 7.5 8.5" />);
