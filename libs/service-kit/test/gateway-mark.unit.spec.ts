import { createHmac } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import { gatewayMark, isFromGateway, recogniseGateway } from '../src/http/gateway-mark.js';

beforeAll(() => Logger.overrideLogger(false));

const markBy = (password: string) => createHmac('sha256', password).update('gateway').digest('base64url');

function requestWith(mark: string): Request {
  return { headers: { 'x-gateway-mark': mark, 'x-forwarded-for': '192.0.2.1' } } as unknown as Request;
}

test('a request with the mark of the same Redis password comes from a gateway', () => {
  const request = requestWith(gatewayMark('redis://:p%40ss@redis:6379') ?? '');
  recogniseGateway('redis://:p%40ss@another:6379')(request, {} as Response, () => undefined);
  expect(isFromGateway(request)).toBe(true);
  expect(request.headers['x-forwarded-for']).toBe('192.0.2.1');
});

test.each(['redis://redis:6379', 'redis://:@redis:6379', 'redis://user@redis:6379'])(
  'without a password in %s there is no mark, and none is believed',
  (url) => {
    expect(gatewayMark(url)).toBeNull();
    for (const mark of ['', markBy(''), markBy('user')]) {
      const request = requestWith(mark);
      recogniseGateway(url)(request, {} as Response, () => undefined);
      expect(isFromGateway(request)).toBe(false);
      expect(request.headers).toEqual({});
    }
  },
);
