import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';

import OpenAI from 'openai';

import { baseURL, calls, Consumer } from './pool.ts';
import { models, prompt, thoughts } from './question.ts';

describe('openai', () => {
  let client: OpenAI;
  before(async () => {
    const consumer = await Consumer.join('openai', '100');
    client = new OpenAI({ apiKey: consumer.token, baseURL: baseURL() });
  });

  it('lists models', async () => {
    const listed = new Set<string>();
    for await (const model of client.models.list()) {
      assert.equal(model.object, 'model');
      listed.add(model.id);
    }
    for (const model of Object.values(models)) {
      assert.ok(listed.has(model), model);
      assert.equal((await client.models.retrieve(model)).id, model);
    }
  });

  it('embeds, in the encoding that the client prefers and in the readable one', async () => {
    const asking = { model: 'text-embedding-3-small', input: ['bank', 'river'], dimensions: 256 };
    const packed = await client.embeddings.create(asking); // the client asks for base64 and unpacks it
    const plain = await client.embeddings.create({ ...asking, encoding_format: 'float' });
    assert.equal(plain.data.length, 2);
    for (const [i, one] of plain.data.entries()) {
      assert.equal(one.embedding.length, 256);
      assert.equal(packed.data[i]?.embedding.length, 256);
      assert.ok(one.embedding.every((number, at) => Math.abs(number - (packed.data[i]?.embedding[at] ?? NaN)) < 1e-5));
    }
    assert.deepEqual(packed.usage, plain.usage);
    assert.ok(plain.usage.total_tokens > 0);
  });

  it('answers with several choices', async () => {
    const answer = await client.chat.completions.create({
      model: models.openai,
      messages: [{ role: 'user', content: prompt }],
      max_tokens: 20,
      n: 2,
    });
    assert.deepEqual(answer.choices.map((choice) => choice.index), [0, 1]);
    assert.notEqual(answer.choices[0]?.message.content, answer.choices[1]?.message.content);
  });

  it('completes texts as before there were chats, whole and streamed', async () => {
    const asking = { model: 'gpt-3.5-turbo-instruct', prompt: 'Banks are', max_tokens: 12 };
    const answer = await client.completions.create(asking);
    assert.match(answer.id, /^cmpl-/);
    assert.equal(answer.object, 'text_completion');
    assert.equal(answer.usage?.completion_tokens, 12);
    let text = '';
    let tokens: number | undefined;
    for await (const chunk of await client.completions.create({ ...asking, stream: true, stream_options: { include_usage: true } })) {
      text += chunk.choices[0]?.text ?? '';
      tokens = chunk.usage?.completion_tokens ?? tokens;
    }
    assert.equal(text.split(' ').length, 12);
    assert.equal(tokens, 12);
  });

  it('tells what of a prompt was cached', async () => {
    const system = 'Banks keep what people bring. '.repeat(500);
    const ask = (content: string) =>
      client.chat.completions.create({ model: models.openai, messages: [{ role: 'system', content: system }, { role: 'user', content }] });
    const first = await ask('What do they keep?');
    const second = await ask('Who brings it?');
    assert.equal(first.usage?.prompt_tokens_details?.cached_tokens, 0);
    assert.ok((second.usage?.prompt_tokens_details?.cached_tokens ?? 0) >= 1024);
  });

  it('asks a model that reasons in its own terms', async () => {
    const answer = await client.chat.completions.create({
      model: 'gpt-5-mini',
      messages: [{ role: 'user', content: 'Think of banks.' }],
      max_tokens: 50,
    });
    assert.equal(answer.usage?.completion_tokens_details?.reasoning_tokens, thoughts);
    const [call] = await calls('Think of banks.');
    assert.match(call?.body ?? '', /"max_completion_tokens":50/);
  });

  it('sends what the pool does not know of to the provider', async () => {
    await client.chat.completions.create({
      model: models.openai,
      messages: [{ role: 'user', content: prompt }],
      max_tokens: 5,
      seed: 815,
      // @ts-expect-error the client's types know no such member
      novelty: 'of next year',
    });
    const [call] = await calls('of next year');
    assert.match(call?.body ?? '', /"seed":815/);
  });
});
