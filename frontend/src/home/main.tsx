import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import '../shared/tokens.css';
import './home.css';
import { rootElement } from '../shared/root-element.ts';
import { languageOf, words } from '../shared/words.ts';
import { Home } from './home.tsx';

const language = languageOf(navigator.languages);
document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
document.title = `Resource Pool · ${words[language].title}`;

createRoot(rootElement()).render(
  <StrictMode>
    <Home language={language} />
  </StrictMode>,
);
