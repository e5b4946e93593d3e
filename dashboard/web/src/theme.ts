import {
  Badge,
  Card,
  Checkbox,
  createTheme,
  defaultVariantColorsResolver,
  DrawerHeader,
  Modal,
  ModalHeader,
  TableScrollContainer,
  Tooltip,
  type CSSVariablesResolver,
  type MantineColorsTuple,
  type VariantColorsResolver,
} from '@mantine/core';

const brand: MantineColorsTuple = [
  '#eef0fb',
  '#dbdff4',
  '#b7bfe8',
  '#939edc',
  '#7683d2',
  '#6371cb',
  '#5262be',
  '#3c4a9e',
  '#333f87',
  '#28326c',
];

/** The library's light variants are too pale to read (WCAG AA asks for 4.5:1). */
const variantColorResolver: VariantColorsResolver = (input) => {
  const resolved = defaultVariantColorsResolver(input);
  const color = input.color ?? input.theme.primaryColor;
  const isPlain = /^[a-z]+$/.test(color) && color in input.theme.colors && color !== 'dark';
  if (isPlain && (input.variant === 'light' || input.variant === 'subtle' || input.variant === 'outline')) {
    const text = `light-dark(var(--mantine-color-${color}-9), var(--mantine-color-${color}-2))`;
    return { ...resolved, color: text, hoverColor: text };
  }
  return resolved;
};

export const theme = createTheme({
  primaryColor: 'brand',
  primaryShade: { light: 7, dark: 6 },
  colors: { brand },
  fontFamily:
    "'Inter Variable', system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif, 'Noto Color Emoji'",
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
  defaultRadius: 'md',
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
  headings: {
    fontWeight: '620',
    sizes: {
      h1: { fontSize: '1.375rem', lineHeight: '1.3' },
      h2: { fontSize: '1.0625rem', lineHeight: '1.4' },
      h3: { fontSize: '0.9375rem', lineHeight: '1.4' },
    },
  },
  variantColorResolver,
  components: {
    Card: Card.extend({ defaultProps: { withBorder: true, padding: 'md', radius: 'lg' } }),
    Checkbox: Checkbox.extend({ defaultProps: { radius: 'sm' } }),
    // On narrow screens tables scroll, which must be possible with the keyboard.
    TableScrollContainer: TableScrollContainer.extend({
      defaultProps: { scrollAreaProps: { offsetScrollbars: 'present', viewportProps: { tabIndex: 0 } } },
    }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 300, withArrow: true, multiline: true } }),
    Badge: Badge.extend({ defaultProps: { tt: 'none', fw: 550, radius: 'sm' } }),
    // The page has one header: that of a dialog is none of the page's.
    ModalHeader: ModalHeader.extend({ defaultProps: { role: 'presentation' } }),
    DrawerHeader: DrawerHeader.extend({ defaultProps: { role: 'presentation' } }),
    Modal: Modal.extend({
      defaultProps: { radius: 'lg', closeButtonProps: { 'aria-label': 'Close' }, overlayProps: { blur: 2 } },
    }),
  },
});

/** Secondary text, errors and placeholders that can be read in both themes. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#565d6b',
    '--mantine-color-placeholder': '#697080',
    '--mantine-color-error': '#b42318',
    '--mantine-color-body': '#ffffff',
    '--mantine-color-text': '#1b1f2a',
    '--mantine-color-anchor': '#3c4a9e',
    '--mantine-color-default-border': '#dfe2e8',
  },
  dark: {
    '--mantine-color-dimmed': '#a3a9b6',
    '--mantine-color-placeholder': '#949aa8',
    '--mantine-color-error': '#ff9d94',
    '--mantine-color-body': '#171a21',
    '--mantine-color-text': '#e3e6ec',
    '--mantine-color-anchor': '#aab4ee',
    '--mantine-color-default': '#1e222b',
    '--mantine-color-default-hover': '#272c37',
    '--mantine-color-default-border': '#343a47',
    '--mantine-color-dark-6': '#1c2029',
    '--mantine-color-dark-7': '#171a21',
    '--mantine-color-dark-4': '#343a47',
  },
});
