import { answering } from './answering.js';
import { optionsOf, type Subject, subject } from './subject.js';

const scope = globalThis as unknown as Worker & { location: Location; subject: Subject };
scope.subject = subject(optionsOf(scope.location.href));
answering(scope.subject, scope);
