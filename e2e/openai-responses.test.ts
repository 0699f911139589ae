import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';

import OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';

import { baseURL, Consumer } from './pool.ts';
import { account, length, models, pixel, prompt, tool, words } from './question.ts';

const tools = [
  { type: 'function', name: tool.name, description: tool.description, parameters: tool.parameters, strict: true },
] satisfies OpenAI.Responses.Tool[];

for (const model of Object.values(models)) {
  describe(`openai, responses of ${model}`, () => {
    let client: OpenAI;
    before(async () => {
      const consumer = await Consumer.join(`responses-${model}`, '100');
      client = new OpenAI({ apiKey: consumer.token, baseURL: baseURL() });
    });

    it('answers', async () => {
      const answer = await client.responses.create({ model, instructions: 'Be brief.', input: prompt });
      assert.match(answer.id, /^resp_[0-9a-z]+$/);
      assert.equal(answer.object, 'response');
      assert.equal(answer.status, 'completed');
      assert.equal(answer.model, model);
      assert.equal(words(answer.output_text), length);
      assert.equal(answer.usage?.output_tokens, length);
      assert.equal(answer.usage.total_tokens, answer.usage.input_tokens + answer.usage.output_tokens);
    });

    it('streams', async () => {
      const stream = client.responses.stream({ model, input: prompt });
      let text = '';
      stream.on('response.output_text.delta', (event) => {
        text += event.delta;
      });
      const answer = await stream.finalResponse();
      assert.equal(answer.status, 'completed');
      assert.equal(answer.output_text, text);
      assert.equal(words(text), length);
      assert.equal(answer.usage?.output_tokens, length);
    });

    it('numbers the events of a stream', async () => {
      const stream = await client.responses.create({ model, input: prompt, stream: true });
      const types: string[] = [];
      for await (const event of stream) {
        assert.equal(event.sequence_number, types.length);
        types.push(event.type);
      }
      assert.equal(types[0], 'response.created');
      assert.equal(types.at(-1), 'response.completed');
    });

    it('says where it was cut', async () => {
      const answer = await client.responses.create({ model, input: prompt, max_output_tokens: 3 });
      assert.equal(answer.status, 'incomplete');
      assert.equal(answer.incomplete_details?.reason, 'max_output_tokens');
      assert.equal(answer.usage?.output_tokens, 3);
    });

    for (const way of ['whole', 'streamed']) {
      it(`calls a tool and goes on with its result, ${way}`, async () => {
        const ask = (input: OpenAI.Responses.ResponseInput): Promise<OpenAI.Responses.Response> =>
          way === 'whole'
            ? client.responses.create({ model, input, tools })
            : client.responses.stream({ model, input, tools }).finalResponse();
        const input: OpenAI.Responses.ResponseInput = [{ role: 'user', content: prompt }];
        const asked = await ask(input);
        const call = asked.output.find((item) => item.type === 'function_call');
        assert.ok(call);
        assert.equal(call.name, tool.name);
        tool.arguments.parse(JSON.parse(call.arguments));
        const answer = await ask([...input, call, { type: 'function_call_output', call_id: call.call_id, output: tool.result }]);
        assert.ok(answer.output_text !== '');
      });
    }

    it('keeps to a schema', async () => {
      const answer = await client.responses.parse({ model, input: prompt, text: { format: zodTextFormat(account, 'account') } });
      account.parse(answer.output_parsed);
    });

    it('sees images', async () => {
      const answer = await client.responses.create({
        model,
        input: [
          {
            role: 'user',
            content: [
              { type: 'input_text', text: prompt },
              { type: 'input_image', image_url: `data:image/png;base64,${pixel}`, detail: 'auto' },
            ],
          },
        ],
      });
      assert.ok(answer.output_text !== '');
    });
  });
}

describe('openai, responses', () => {
  it('keeps none, and says so', async () => {
    const consumer = await Consumer.join('responses', '100');
    const client = new OpenAI({ apiKey: consumer.token, baseURL: baseURL() });
    const answer = await client.responses.create({ model: models.openai, input: prompt });
    await assert.rejects(client.responses.retrieve(answer.id), OpenAI.NotFoundError);
    await assert.rejects(
      client.responses.create({ model: models.openai, input: prompt, previous_response_id: answer.id }),
      (error) => {
        assert.ok(error instanceof OpenAI.BadRequestError);
        assert.equal(error.param, 'previous_response_id');
        return true;
      },
    );
  });
});
