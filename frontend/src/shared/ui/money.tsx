import { Tooltip } from '@mantine/core';
import { showAmount } from '../money.ts';

interface AmountProps {
  readonly amount: string;
  /** At most so many decimals; all of them are on the hover. */
  readonly places?: number;
  /** Whether what is gained has a plus. */
  readonly signed?: boolean;
}

/** An amount of Credits. */
export function Credits({ amount, places = 4, signed = false }: AmountProps) {
  const shown = showAmount(amount, places, signed);
  return (
    <Tooltip label={`${shown.exact} Credits`} openDelay={300} disabled={shown.text === shown.exact}>
      <span className="money">
        {shown.text} <span className="unit">Cr</span>
      </span>
    </Tooltip>
  );
}

/** An amount of US dollars. The sign is before the unit, as people write it. */
export function Dollars({ amount, places = 4, signed = false }: AmountProps) {
  const shown = showAmount(amount, places, signed);
  const written = shown.text.replace(/^([−+]?)(< )?/u, '$1$2$$');
  return (
    <Tooltip label={`$${shown.exact}`} openDelay={300} disabled={shown.text === shown.exact}>
      <span className="money">{written}</span>
    </Tooltip>
  );
}
