import { optionsOf, type Subject, subject } from './subject.js';

const scope = globalThis as typeof globalThis & { subject: Subject; postMessage(value: unknown): void };
scope.subject = subject(optionsOf(scope.location.href));
scope.postMessage('ready');
