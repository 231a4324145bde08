import { pipeline, t } from 'tidemark';
import { discard, generator } from 'tidemark/connectors';

export default pipeline('twice', (p) => {
  p.source('numbers', generator({ type: t.long, next: (n) => n }))
    .map('double', t.long, (n) => n * 2)
    .map('double', t.long, (n) => n * 2)
    .sink('nowhere', discard());
});
