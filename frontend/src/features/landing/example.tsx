import classes from './landing.module.css';
import { useWords } from './words.ts';

const rows = [
  { word: 'exampleDeposit', credits: '+900.00', key: '+$1\u202F000.00' },
  { word: 'exampleTom', credits: '−10.00', key: '−$0.05' },
  { word: 'exampleAlice', credits: '−5.00', key: '−$0.03' },
] as const;

/** A deposit and two requests as the books have them. */
export function Example() {
  const t = useWords();
  return (
    <table className={classes.example}>
      <caption>
        {t('exampleTitle')} <span>{t('exampleNote')}</span>
      </caption>
      <thead>
        <tr>
          <th scope="col">{t('exampleWhat')}</th>
          <th scope="col">{t('exampleCredits')}</th>
          <th scope="col">{t('exampleKey')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ word, credits, key }) => (
          <tr key={word}>
            <td>{t(word)}</td>
            <td className={classes.sum} data-sign={credits.charAt(0)}>
              {credits} <span className="unit">Cr</span>
            </td>
            <td className={classes.sum}>{key}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <td colSpan={2}>{t('exampleLeft')}</td>
          <td className={classes.sum}>$999.92</td>
        </tr>
      </tfoot>
    </table>
  );
}
