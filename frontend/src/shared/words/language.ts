/** The languages that the app is written in. */
export const languages = { en: 'English', zh: '中文' } as const;
export type Language = keyof typeof languages;

const kept = 'pool.language';

/** Picks the first language that the reader prefers and we have. */
export function languageOf(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    const primary = tag.toLowerCase().split('-')[0];
    if (primary === 'en' || primary === 'zh') {
      return primary;
    }
  }
  return 'en';
}

/** The language that the reader has chosen, else one that they prefer. */
export function initialLanguage(): Language {
  const chosen = localStorage.getItem(kept);
  return languageOf(chosen === null ? navigator.languages : [chosen]);
}

/** Keeps a choice, and tells the document what it is written in. */
export function keepLanguage(language: Language) {
  localStorage.setItem(kept, language);
}

/** How a language is named to the browser. */
export function tagOf(language: string): string {
  return language === 'zh' ? 'zh-CN' : 'en';
}
