import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';
import { show } from '../testing/render.tsx';
import { Credits, Dollars } from './money.tsx';

it('shows money with its unit, never as a number that rounds', async () => {
  show(
    <>
      <p data-testid="credits">
        <Credits amount="9007199254740993.5" />
      </p>
      <p data-testid="dollars">
        <Dollars amount="-0.05" signed />
      </p>
    </>,
  );
  expect((await screen.findByTestId('credits')).textContent).toBe('9 007 199 254 740 993.50 Cr');
  expect(screen.getByTestId('dollars').textContent).toBe('−$0.05');
});
