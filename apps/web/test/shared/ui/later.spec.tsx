import { renderToStaticMarkup } from 'react-dom/server';
import { later } from '../../../src/shared/ui/later.js';
import { settle } from '../../support/fake-server.js';

const Part = ({ name }: { name: string }) => <b>{name}</b>;
const Waiting = () => <i>loading</i>;

describe('a component that is loaded later', () => {
  it('is there at once when its code was loaded before', async () => {
    const Later = later(() => Promise.resolve(Part), Waiting);
    expect(renderToStaticMarkup(<Later name="menu" />)).toBe('<i>loading</i>');
    Later.prepare();
    await settle();
    expect(renderToStaticMarkup(<Later name="menu" />)).toBe('<b>menu</b>');
  });

  it('is asked for again after it could not be loaded', async () => {
    let asked = 0;
    const Later = later(() => (asked++ === 0 ? Promise.reject(new Error('offline')) : Promise.resolve(Part)));
    Later.prepare();
    await settle();
    expect(renderToStaticMarkup(<Later name="menu" />)).toBe('');
    Later.prepare();
    await settle();
    expect(renderToStaticMarkup(<Later name="menu" />)).toBe('<b>menu</b>');
  });
});
