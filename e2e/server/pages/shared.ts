import { answering } from './answering.js';
import { optionsOf, subject } from './subject.js';

const commands = subject(optionsOf(location.href));

addEventListener('connect', (event) => {
  const [port] = (event as MessageEvent).ports;
  if (port) answering(commands, port);
});
