import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { CombinedError } from 'urql';
import { expect, it, vi } from 'vitest';
import { show } from '../../../shared/testing/render.tsx';
import type { Values } from './fields.ts';
import { SettingsPage } from './settings-page.tsx';

// Looking for roles takes its time where much else runs.
vi.setConfig({ testTimeout: 30_000 });

const values: Values = {
  depositFeeRate: 0.1, unconfirmedTrustLimit: '1000', clawbackGraceHours: 72, priceMarkup: 1.2, costWeight: 0.4, performanceWeight: 0.3, reliabilityWeight: 0.3,
  platformOwnedFactor: 0.8, lowQuotaFactor: 0.5, lowQuotaThreshold: '10', usedRecentlyFactor: 0.9, usedRecentlySeconds: 60,
};
const type = (label: string, value: string) => fireEvent.change(screen.getByLabelText(label), { target: { value } });

it('saves what changed with a reason, once the weights add up', async () => {
  const saved: unknown[] = [];
  show(<SettingsPage />, {
    answers: {
      AdminSettings: () => ({ settings: values }),
      SaveSettings: (variables) => {
        saved.push(variables);
        return { updateSettings: values };
      },
    },
  });
  await screen.findByLabelText('Cost');
  expect(screen.queryByRole('button', { name: 'Save' })).toBeNull();
  type('Cost', '0.5');
  expect(screen.getByText('Sum of the weights: 1.1')).toBeDefined();
  expect(screen.getByText('0.1 too much')).toBeDefined();
  expect(screen.getByRole('button', { name: 'Save' }).hasAttribute('disabled')).toBe(true);
  type('Performance', '0.2');
  expect(screen.getByText('adds up to 1')).toBeDefined();
  expect(screen.getByText('2 changes, not saved')).toBeDefined();
  expect(screen.getByText(/was 0.4/u)).toBeDefined();
  type('Reason', 'cheaper first');
  fireEvent.click(screen.getByRole('button', { name: 'Save' }));
  await waitFor(() => expect(saved).toEqual([{ input: { costWeight: 0.5, performanceWeight: 0.2 }, reason: 'cheaper first' }]));
  expect(await screen.findByText('Saved. In force within a second.')).toBeDefined();
});

it('says what is wrong at its field, and undoes', async () => {
  show(<SettingsPage />, { answers: { AdminSettings: () => ({ settings: values }) } });
  await screen.findByLabelText('Cost');
  type('Deposit fee', '1');
  expect(screen.getByText('This is out of range: 0 to below 1.')).toBeDefined();
  type('Grace before claw-back', '1.5');
  expect(screen.getByText('Write a whole number.')).toBeDefined();
  fireEvent.click(screen.getByRole('button', { name: 'Undo' }));
  expect((screen.getByLabelText('Deposit fee') as HTMLInputElement).value).toBe('0.1');
});

it('shows what the server refused where it was typed', async () => {
  show(<SettingsPage />, {
    answers: {
      AdminSettings: () => ({ settings: values }),
      SaveSettings: () => new CombinedError({ graphQLErrors: [{ message: 'a markup is above 0', extensions: { code: 'BAD_USER_INPUT', field: 'input.priceMarkup' } }] }),
    },
  });
  await screen.findByLabelText('Cost');
  type('Price markup', '2');
  fireEvent.click(screen.getByRole('button', { name: 'Save' }));
  expect(await screen.findByText('a markup is above 0')).toBeDefined();
  expect(within(await screen.findByRole('alert')).getByText(/not valid/u)).toBeDefined();
});
