import { createInstance, type i18n } from 'i18next';
import { initReactI18next, useTranslation } from 'react-i18next';
import { initialLanguage, keepLanguage, type Language, tagOf } from './language.ts';

/** The words of the app. Each feature brings its own, so that they load with it. */
export const words: i18n = createInstance();

// With everything at hand nothing is waited for, and the first render has its words.
void words.use(initReactI18next).init({
  lng: initialLanguage(),
  fallbackLng: 'en',
  supportedLngs: ['en', 'zh'],
  resources: {},
  initAsync: false,
  interpolation: { escapeValue: false },
  react: { useSuspense: false },
  returnNull: false,
});

const announce = (language: string) => {
  document.documentElement.lang = tagOf(language);
};
announce(words.language);
words.on('languageChanged', announce);

/** Changes the language of the app, for now and for later. */
export function speak(language: Language) {
  keepLanguage(language);
  void words.changeLanguage(language);
}

type Plural<K extends string> = K extends `${infer Stem}_one` | `${infer Stem}_other` ? Stem : K;

/** What a word may be given: amounts are strings, counts pick the plural. */
export type Values = Readonly<Record<string, string | number>>;

/** Says a word of one feature in the reader's language. */
export type Say<K extends string> = (key: K, values?: Values) => string;

/**
 * Defines the words of a feature in all languages: one that lacks a word does not compile. Returns the hook that says them.
 * A plural is a pair of `key_one` and `key_other` that is asked for by `key`.
 */
export function defineWords<const E extends Readonly<Record<string, string>>>(namespace: string, en: E, zh: Readonly<Record<keyof E, string>>) {
  words.addResourceBundle('en', namespace, en);
  words.addResourceBundle('zh', namespace, zh);
  return function useWords(): Say<Plural<keyof E & string>> {
    const { t } = useTranslation(namespace, { i18n: words });
    return (key, values) => t(key, { ...values });
  };
}

/** The language that is spoken, and its tag for the browser's own formats. */
export function useLanguage(): { readonly language: Language; readonly tag: string } {
  const { i18n: spoken } = useTranslation(undefined, { i18n: words });
  const language: Language = spoken.language === 'zh' ? 'zh' : 'en';
  return { language, tag: tagOf(language) };
}
