import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';

import OpenAI from 'openai';

import { baseURL, bringModel, calls, Consumer } from './pool.ts';
import { length, prompt } from './question.ts';

const second = 1_000_000_000;

const asking = (model: string, content = prompt) =>
  ({ model, messages: [{ role: 'user', content }], max_tokens: 50 }) satisfies OpenAI.ChatCompletionCreateParams;

describe('openai, errors', () => {
  let consumer: Consumer;
  let client: OpenAI;
  let sent = 0; // requests, repetitions included
  const counting: typeof fetch = (...request) => {
    sent += 1;
    return fetch(...request);
  };
  const clientOf = (apiKey: string) => new OpenAI({ apiKey, baseURL: baseURL(), fetch: counting });

  before(async () => {
    consumer = await Consumer.join('openai-errors', '100');
    client = clientOf(consumer.token);
  });

  it('a wrong token is an AuthenticationError', async () => {
    await assert.rejects(clientOf('rp_nobody').chat.completions.create(asking('gpt-4o')), (error) => {
      assert.ok(error instanceof OpenAI.AuthenticationError);
      assert.equal(error.code, 'invalid_api_key');
      return true;
    });
  });

  it('an unknown model is a NotFoundError that names near ones', async () => {
    await assert.rejects(client.chat.completions.create(asking('gpt-4o-minni')), (error) => {
      assert.ok(error instanceof OpenAI.NotFoundError);
      assert.equal(error.code, 'model_not_found');
      assert.match(error.message, /gpt-4o-mini\b/);
      return true;
    });
    await assert.rejects(client.models.retrieve('gpt-4o-minni'), OpenAI.NotFoundError);
  });

  it('a token may be bound to models', async () => {
    const bound = await Consumer.join('openai-bound', '100', ['gpt-4o']);
    await clientOf(bound.token).chat.completions.create(asking('gpt-4o'));
    await assert.rejects(clientOf(bound.token).chat.completions.create(asking('gpt-4o-mini')), OpenAI.PermissionDeniedError);
  });

  it('without Credits it is a 402, which is not repeated and reaches no provider', async () => {
    const poor = await Consumer.join('openai-poor', '0');
    sent = 0;
    await assert.rejects(clientOf(poor.token).chat.completions.create(asking('gpt-4o', 'Who pays?')), (error) => {
      assert.ok(error instanceof OpenAI.APIError);
      assert.equal(error.status, 402);
      assert.equal(error.code, 'insufficient_credits');
      return true;
    });
    assert.equal(sent, 1);
    assert.equal((await calls('Who pays?')).length, 0);
  });

  it('a bad parameter is a BadRequestError that names it, and is not repeated', async () => {
    sent = 0;
    await assert.rejects(client.chat.completions.create({ ...asking('gpt-4o'), n: 99 }), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.equal(error.param, 'n');
      return true;
    });
    assert.equal(sent, 1);
  });

  it("a provider's refusal is a BadRequestError in the provider's words", async () => {
    await assert.rejects(client.chat.completions.create({ ...asking('gpt-4o'), temperature: 9 }), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.match(error.message, /temperature/);
      return true;
    });
  });

  it('a limit at every key is a RateLimitError that says when to come back, and reaches no key until then', async () => {
    const key = await bringModel('openai', 'house-limited');
    await key.script({ kind: 'rate_limit', retryAfter: 7 * second, count: 9 });
    const ask = () => client.chat.completions.create(asking('house-limited', 'Too fast?'), { maxRetries: 0 });
    await assert.rejects(ask(), (error) => {
      assert.ok(error instanceof OpenAI.RateLimitError);
      assert.match(error.headers.get('retry-after') ?? '', /^[67]$/);
      return true;
    });
    await assert.rejects(ask(), (error) => {
      assert.ok(error instanceof OpenAI.InternalServerError);
      assert.equal(error.status, 503);
      assert.match(error.headers.get('retry-after') ?? '', /^[567]$/);
      return true;
    });
    assert.equal((await calls('Too fast?')).length, 1);
  });

  it('is repeated by the client where a limit ends soon', async () => {
    const key = await bringModel('openai', 'house-soon');
    await key.script({ kind: 'rate_limit', retryAfter: second / 2 });
    const answer = await client.chat.completions.create(asking('house-soon'));
    assert.equal(answer.model, 'house-soon');
  });

  it("a key that the provider refuses is no AuthenticationError of the client's", async () => {
    const key = await bringModel('openai', 'house-dead');
    await key.script({ kind: 'unauthorized', on: 'any', count: 9 });
    await assert.rejects(client.chat.completions.create(asking('house-dead'), { maxRetries: 0 }), (error) => {
      assert.ok(error instanceof OpenAI.InternalServerError);
      assert.doesNotMatch(error.message, /sk-/);
      return true;
    });
  });

  it('a stream that is aborted ends, and is charged once', async () => {
    const impatient = await Consumer.join('openai-impatient', '100');
    const key = await bringModel('openai', 'house-slow');
    await key.latency(0, second / 50);
    const stream = await clientOf(impatient.token).chat.completions.create({
      ...asking('house-slow', 'Tell me all about banks.'),
      stream: true,
    });
    let pieces = 0;
    for await (const chunk of stream) {
      pieces += (chunk.choices[0]?.delta.content ?? '') === '' ? 0 : 1;
      if (pieces === 2) {
        stream.controller.abort();
      }
    }
    assert.equal(pieces, 2);
    const [usage, ...more] = await impatient.booked(1);
    assert.deepEqual(more, []);
    assert.equal(usage?.status, 'SUCCEEDED');
    assert.equal(usage.errorCode, 'CLIENT_GONE');
    assert.ok(Number(usage.creditsCharged) > 0);
    assert.ok(usage.completionTokens < length);
    assert.equal((await calls('Tell me all about banks.')).length, 1);
  });

  it('a repetition with an idempotency key gets the same answer and is charged once', async () => {
    const careful = await Consumer.join('openai-careful', '100');
    const again = { headers: { 'Idempotency-Key': 'once' } };
    const first = await clientOf(careful.token).chat.completions.create(asking('gpt-4o'), again);
    const second = await clientOf(careful.token).chat.completions.create(asking('gpt-4o'), again);
    assert.deepEqual(second, first);
    assert.equal((await careful.booked(1)).length, 1);
    await assert.rejects(clientOf(careful.token).chat.completions.create(asking('gpt-4o-mini'), again), OpenAI.UnprocessableEntityError);
  });

  it('there are no files and batches here, and it says why', async () => {
    for (const ask of [() => client.files.list(), () => client.batches.list(), () => client.conversations.create()]) {
      await assert.rejects(ask, (error) => {
        assert.ok(error instanceof OpenAI.NotFoundError);
        assert.match(error.message, /the pool keeps no state at a provider/);
        return true;
      });
    }
  });

  it("tells what an answer cost, and nothing of the provider's", async () => {
    const careful = await Consumer.join('openai-headers', '100');
    const { response } = await clientOf(careful.token).chat.completions.create(asking('gpt-4o')).withResponse();
    const [usage] = await careful.booked(1);
    assert.ok(response.headers.get('x-request-id'));
    assert.equal(response.headers.get('x-credits-charged'), usage?.creditsCharged);
    assert.equal(Number(response.headers.get('x-credits-remaining')), 100 - Number(usage?.creditsCharged));
    for (const name of ['openai-organization', 'cf-ray', 'set-cookie']) {
      assert.equal(response.headers.get(name), null, name);
    }
  });
});
