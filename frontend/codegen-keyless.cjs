// Lists the types that have no id: the cache keeps them within what they belong to.
module.exports = {
  plugin(schema) {
    const names = Object.values(schema.getTypeMap())
      .filter((type) => 'getFields' in type && 'getInterfaces' in type && !type.name.startsWith('__'))
      .filter((type) => !['Query', 'Mutation', 'Subscription'].includes(type.name) && !('id' in type.getFields()))
      .map((type) => type.name)
      .toSorted();
    return `/** The types that have no id. */\nexport const keyless = [\n${names.map((name) => `  '${name}',\n`).join('')}] as const;\n`;
  },
};
