import { type Language, words } from '../shared/words.ts';

const places = [
  { href: '/graphiql', name: 'GraphiQL', word: 'graphiql' },
  { href: '/healthz', name: '/healthz', word: 'health' },
] as const;

/** The page at `/`: what runs here, and the ways in. */
export function Home({ language }: { readonly language: Language }) {
  const w = words[language];
  return (
    <main className="page">
      <p className="name">Resource Pool</p>
      <h1>{w.title}</h1>
      <p className="lead">{w.what}</p>
      <ul className="points">
        <li>{w.contribute}</li>
        <li>{w.use}</li>
        <li>{w.book}</li>
      </ul>
      <h2>{w.here}</h2>
      <dl className="places">
        <div>
          <dt>
            <code>/graphql</code>
          </dt>
          <dd>{w.graphql}</dd>
        </div>
        {places.map((place) => (
          <div key={place.href}>
            <dt>
              <a href={place.href}>{place.name}</a>
            </dt>
            <dd>{w[place.word]}</dd>
          </div>
        ))}
      </dl>
    </main>
  );
}
