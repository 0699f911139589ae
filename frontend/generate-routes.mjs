// Writes src/route-tree.gen.ts as the build does, for who changes routes without building.
import { Generator, getConfig } from '@tanstack/router-generator';

const root = import.meta.dirname;
const config = getConfig({ target: 'react', autoCodeSplitting: true, generatedRouteTree: 'src/route-tree.gen.ts', quoteStyle: 'single', semicolons: true }, root);
await new Generator({ config, root }).run();
