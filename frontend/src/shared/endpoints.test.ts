import { expect, it } from 'vitest';
import { endpoints } from './endpoints.ts';

it('asks the server that the page came from', () => {
  expect(endpoints({ protocol: 'http:', host: '127.0.0.1:8080' })).toEqual({
    http: 'http://127.0.0.1:8080/graphql',
    socket: 'ws://127.0.0.1:8080/graphql',
  });
});

it('encrypts the socket where the page is encrypted', () => {
  expect(endpoints({ protocol: 'https:', host: 'pool.example.org' }).socket).toBe('wss://pool.example.org/graphql');
});
