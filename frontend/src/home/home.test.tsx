import { cleanup, render, screen } from '@testing-library/react';
import { afterEach, expect, it } from 'vitest';
import { Home } from './home.tsx';

afterEach(cleanup);

it('links to GraphiQL and to the health of the server', () => {
  render(<Home language="en" />);
  expect(screen.getByRole('link', { name: 'GraphiQL' }).getAttribute('href')).toBe('/graphiql');
  expect(screen.getByRole('link', { name: '/healthz' }).getAttribute('href')).toBe('/healthz');
});

it('says what runs here in English', () => {
  render(<Home language="en" />);
  expect(screen.getByRole('heading', { level: 1 }).textContent).toBe('A bank for LLM API keys');
});

it('says what runs here in Chinese', () => {
  render(<Home language="zh" />);
  expect(screen.getByRole('heading', { level: 1 }).textContent).toBe('存放大模型 API 密钥的银行');
});
