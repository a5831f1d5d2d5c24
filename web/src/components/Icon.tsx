/** Decoration beside a word: hidden from screen readers. Drawn here, in the text's colour; nothing is loaded. */
const PATHS = {
  add: 'M10 4v12M4 10h12',
  alert: 'M10 3 2.5 16.5h15zM10 8v4M10 14.2v.1',
  blocked: 'M7 2.5h6L17.5 7v6L13 17.5H7L2.5 13V7zM6.5 10h7',
  check: 'M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15zM6.5 10.2l2.4 2.4 4.6-5',
  close: 'M5 5l10 10M15 5 5 15',
  copy: 'M7 7V3.5h9.5V13H13M3.5 7H13v9.5H3.5z',
  dark: 'M16.5 12.2A7 7 0 0 1 7.8 3.5a7 7 0 1 0 8.7 8.7z',
  down: 'M5 7.5l5 5 5-5',
  info: 'M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15zM10 9v5M10 6.2v.1',
  integrations: 'M3 5.5h6M3 14.5h6M9 5.5c4 0 2 4.5 5.5 4.5M9 14.5c4 0 2-4.5 5.5-4.5M14.5 10h2.5',
  light:
    'M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.4 4.4l1 1M14.6 14.6l1 1M15.6 4.4l-1 1M5.4 14.6l-1 1',
  overview: 'M3 16.5V11M8 16.5v-9M13 16.5V9M17.5 16.5V4',
  paused: 'M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15zM8 7.5v5M12 7.5v5',
  play: 'M6 4l10 6-10 6z',
  search: 'M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM13 13l4 4',
  signOut: 'M12 3.5H4v13h8M8.5 10H17M14 7l3 3-3 3',
  tail: 'M3 5h14M3 10h9M3 15h12',
  throttled: 'M3.2 14.5a7.5 7.5 0 1 1 13.6 0M10 11.5l3.5-4',
  tokens: 'M6.5 6a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM10.5 10H18M15 10v3.5',
  audit: 'M5 2.5h7l3.5 3.5v11.5H5zM7.5 8.5h5.5M7.5 11.5h5.5M7.5 14.5h3',
  orgs: 'M3.5 17V6.5h6V17M9.5 10h7v7M2.5 17h15M5.8 9.5h1.4M5.8 12.5h1.4M12.3 13h1.4',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
