/** A baseline for Nest's own @Sse(): a controller as in its documentation, on Express. */
import 'reflect-metadata';
import { Body, Controller, Get, HttpCode, Module, Param, Post, Sse } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Subject } from 'rxjs';

/** @type {Map<string, Subject<{ data: unknown }>>} */
const runs = new Map();
/** @param {string} run */
const subject = (run) => {
  const known = runs.get(run) ?? new Subject();
  runs.set(run, known);
  return known;
};

class Events {
  health() {}
  /** @param {string} run */
  subscribe(run) {
    return subject(run);
  }
  /** @param {string} run @param {unknown} event */
  publish(run, event) {
    subject(run).next({ data: event });
  }
}

/**
 * Applies decorators to a method, as TypeScript does for its syntax.
 * @param {'health' | 'subscribe' | 'publish'} method @param {MethodDecorator[]} decorators @param {ParameterDecorator[]} parameters
 */
const decorate = (method, decorators, parameters = []) => {
  const descriptor = Object.getOwnPropertyDescriptor(Events.prototype, method) ?? {};
  for (const decorator of decorators) decorator(Events.prototype, method, descriptor);
  for (const [index, decorator] of parameters.entries()) decorator(Events.prototype, method, index);
};
decorate('health', [Get('health')]);
decorate('subscribe', [Sse('sub/:run')], [Param('run')]);
decorate('publish', [Post('pub/:run'), HttpCode(204)], [Param('run'), Body()]);
Controller()(Events);
class App {}
Module({ controllers: [Events] })(App);

const app = await NestFactory.create(App, { logger: ['error'] });
await app.init();
app.getHttpServer().listen({ port: Number(process.env['PORT']), host: '127.0.0.1', backlog: 4096 });
process.on('SIGTERM', () => process.exit(0));
