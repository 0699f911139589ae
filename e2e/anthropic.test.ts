import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';

import Anthropic from '@anthropic-ai/sdk';

import { bringModel, calls, Consumer, root } from './pool.ts';
import { length, models, pixel, prompt, thoughts, tool, words } from './question.ts';

const tools = [
  { name: tool.name, description: tool.description, input_schema: tool.parameters },
] satisfies Anthropic.Tool[];

const text = (message: Anthropic.Message): string =>
  message.content.map((block) => (block.type === 'text' ? block.text : '')).join('');

for (const model of Object.values(models)) {
  describe(`anthropic, messages with ${model}`, () => {
    const messages: Anthropic.MessageParam[] = [{ role: 'user', content: prompt }];
    const asking = { model, system: 'Be brief.', messages, max_tokens: 50 };
    let client: Anthropic;
    before(async () => {
      const consumer = await Consumer.join(`anthropic-${model}`, '100');
      client = new Anthropic({ apiKey: consumer.token, baseURL: root() });
    });

    it('answers', async () => {
      const message = await client.messages.create(asking);
      assert.match(message.id, /^msg_/);
      assert.equal(message.type, 'message');
      assert.equal(message.role, 'assistant');
      assert.equal(message.model, model);
      assert.equal(message.stop_reason, 'end_turn');
      assert.equal(words(text(message)), length);
      assert.equal(message.usage.output_tokens, length);
      assert.ok(message.usage.input_tokens > 0);
    });

    it('streams', async () => {
      const stream = client.messages.stream(asking);
      let streamed = '';
      stream.on('text', (delta) => {
        streamed += delta;
      });
      const message = await stream.finalMessage();
      assert.match(message.id, /^msg_/);
      assert.equal(message.model, model);
      assert.equal(text(message), streamed);
      assert.equal(words(streamed), length);
      assert.equal(message.usage.output_tokens, length);
      assert.ok(message.usage.input_tokens > 0);
      assert.equal(message.stop_reason, 'end_turn');
    });

    for (const way of ['whole', 'streamed']) {
      it(`calls a tool and goes on with its result, ${way}`, async () => {
        const ask = (body: Anthropic.MessageCreateParamsNonStreaming) =>
          way === 'whole' ? client.messages.create(body) : client.messages.stream(body).finalMessage();
        const asked = await ask({ ...asking, max_tokens: 1000, tools });
        assert.equal(asked.stop_reason, 'tool_use');
        const call = asked.content.find((block) => block.type === 'tool_use');
        assert.ok(call);
        assert.equal(call.name, tool.name);
        tool.arguments.parse(call.input);
        const answer = await ask({
          ...asking,
          max_tokens: 1000,
          tools,
          messages: [
            ...messages,
            { role: 'assistant', content: asked.content },
            { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: tool.result }] },
          ],
        });
        assert.equal(answer.stop_reason, 'end_turn');
        assert.ok(text(answer) !== '');
      });
    }

    it('sees images', async () => {
      const message = await client.messages.create({
        ...asking,
        messages: [
          {
            role: 'user',
            content: [
              { type: 'image', source: { type: 'base64', media_type: 'image/png', data: pixel } },
              { type: 'text', text: prompt },
            ],
          },
        ],
      });
      assert.ok(text(message) !== '');
    });

    it('counts tokens', async () => {
      const few = await client.messages.countTokens({ model, messages });
      const more = await client.messages.countTokens({ model, messages: [...messages, ...messages], tools });
      assert.ok(few.input_tokens > 0);
      assert.ok(more.input_tokens > few.input_tokens);
    });

    it('stops where it shall', async () => {
      const message = await client.messages.create({ ...asking, max_tokens: 2 });
      assert.equal(message.stop_reason, 'max_tokens');
      assert.equal(message.usage.output_tokens, 2);
    });
  });
}

for (const model of [models.anthropic, models.deepseek, 'gpt-5-mini']) {
  for (const way of ['whole', 'streamed']) {
    describe(`anthropic, thoughts of ${model}, ${way}`, () => {
      it('come before the answer, and are taken back beside the result of a tool', async () => {
        const { token } = await Consumer.join(`thoughts-${model}-${way}`, '100');
        const client = new Anthropic({ apiKey: token, baseURL: root() });
        const messages: Anthropic.MessageParam[] = [{ role: 'user', content: prompt }];
        const ask = (turns: Anthropic.MessageParam[]) => {
          const body = { model, tools, max_tokens: 3000, thinking: { type: 'enabled', budget_tokens: 1024 }, messages: turns } as const;
          return way === 'whole' ? client.messages.create(body) : client.messages.stream(body).finalMessage();
        };
        const asked = await ask(messages);
        assert.equal(asked.content[0]?.type, 'thinking');
        assert.equal(words(asked.content[0].thinking), thoughts);
        const call = asked.content.find((block) => block.type === 'tool_use');
        assert.ok(call);
        const answer = await ask([
          ...messages,
          { role: 'assistant', content: asked.content },
          { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: tool.result }] },
        ]);
        assert.equal(words(text(answer)), length);
        assert.equal(answer.usage.output_tokens, thoughts + length);
      });
    });
  }
}

describe('anthropic', () => {
  let client: Anthropic;
  const clientOf = (apiKey: string) => new Anthropic({ apiKey, baseURL: root() });
  const asking = (model: string) =>
    ({ model, messages: [{ role: 'user', content: prompt }], max_tokens: 50 }) satisfies Anthropic.MessageCreateParams;
  before(async () => {
    client = clientOf((await Consumer.join('anthropic', '100')).token);
  });

  it('lists models', async () => {
    const listed = new Set<string>();
    for await (const model of client.models.list()) {
      assert.equal(model.type, 'model');
      listed.add(model.id);
    }
    assert.ok(listed.has(models.anthropic));
    assert.equal((await client.models.retrieve(models.anthropic)).id, models.anthropic);
  });

  it('answers the client for what is not final, and asks for no feature that changes the price', async () => {
    const question = 'What do agents send?';
    const message = await client.beta.messages.create({
      ...asking(models.anthropic),
      messages: [{ role: 'user', content: question }],
      system: [{ type: 'text', text: 'You are an agent.', cache_control: { type: 'ephemeral' } }],
      metadata: { user_id: 'somebody' },
      betas: ['interleaved-thinking-2025-05-14', 'context-1m-2025-08-07'],
    });
    assert.equal(message.content[0]?.type, 'text');
    const [call] = await calls(question);
    assert.deepEqual(call?.header['Anthropic-Beta'], ['interleaved-thinking-2025-05-14']);
    assert.doesNotMatch(call.body, /somebody/);
  });

  it('takes the token as a bearer too', async () => {
    const { token } = await Consumer.join('anthropic-bearer', '100');
    const bearer = new Anthropic({ apiKey: null, authToken: token, baseURL: root() });
    assert.ok(text(await bearer.messages.create(asking(models.anthropic))) !== '');
  });

  it('a wrong token is an AuthenticationError', async () => {
    await assert.rejects(clientOf('rp_nobody').messages.create(asking(models.anthropic)), (error) => {
      assert.ok(error instanceof Anthropic.AuthenticationError);
      assert.equal(error.type, 'authentication_error');
      return true;
    });
  });

  it('an unknown model is a NotFoundError that names near ones', async () => {
    await assert.rejects(client.messages.create(asking('claude-sonet-4-6')), (error) => {
      assert.ok(error instanceof Anthropic.NotFoundError);
      assert.match(error.message, /claude-sonnet-4-6/);
      return true;
    });
  });

  it('a bad parameter is a BadRequestError', async () => {
    await assert.rejects(client.messages.create({ ...asking(models.anthropic), max_tokens: 0 }), (error) => {
      assert.ok(error instanceof Anthropic.BadRequestError);
      assert.match(error.message, /max_tokens/);
      return true;
    });
  });

  it('without Credits it is a 402', async () => {
    const poor = await Consumer.join('anthropic-poor', '0');
    await assert.rejects(clientOf(poor.token).messages.create(asking(models.anthropic)), (error) => {
      assert.ok(error instanceof Anthropic.APIError);
      assert.equal(error.status, 402);
      assert.equal(error.type, 'billing_error');
      return true;
    });
  });

  it('a provider that is overloaded is a 503 that says when to come back', async () => {
    const key = await bringModel('anthropic', 'house-overloaded');
    await key.script({ kind: 'server_error', on: 'messages', status: 529, count: 9 });
    await assert.rejects(client.messages.create(asking('house-overloaded'), { maxRetries: 0 }), (error) => {
      assert.ok(error instanceof Anthropic.InternalServerError);
      assert.equal(error.status, 503);
      assert.equal(error.type, 'overloaded_error');
      assert.ok(Number(error.headers.get('retry-after')) > 0);
      return true;
    });
  });
});
