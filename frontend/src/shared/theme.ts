import { createTheme, defaultVariantColorsResolver, type MantineColorsTuple } from '@mantine/core';

// Ledger green, from paper to ink. The shades that are used most come from tokens.css.
const ledger: MantineColorsTuple = ['#eaf5ef', '#d5e8dd', '#abd1ba', '#7db996', '#56a576', '#3c9862', '#2c9158', '#1c7e48', '#0b6b4b', '#075c3d'];

/** Hairlines instead of shadows, small corners, one accent. */
export const theme = createTheme({
  colors: { ledger },
  primaryColor: 'ledger',
  primaryShade: { light: 8, dark: 5 },
  // In the dark what is filled is bright, and white on it can't be read.
  variantColorResolver: (input) => ({ ...defaultVariantColorsResolver(input), ...(input.variant === 'filled' ? { color: 'var(--on-accent)' } : {}) }),
  fontFamily: 'var(--font)',
  fontFamilyMonospace: 'var(--font-code)',
  headings: { fontFamily: 'var(--font)', fontWeight: '600' },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontSizes: { xs: '0.75rem', sm: '0.875rem', md: '1rem', lg: '1.25rem', xl: '1.75rem' },
});
