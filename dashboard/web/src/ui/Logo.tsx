export function Logo({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" fill="var(--mantine-color-brand-7)" />
      <circle cx="16" cy="10" r="3.6" fill="#fff" />
      <circle cx="9.5" cy="19" r="3.2" fill="#fff" opacity=".85" />
      <circle cx="22.5" cy="19" r="3.2" fill="#fff" opacity=".85" />
      <circle cx="13" cy="25.5" r="2" fill="#fff" opacity=".6" />
      <circle cx="19" cy="25.5" r="2" fill="#fff" opacity=".6" />
    </svg>
  );
}
