"""compare.py SET RESULTS: one "ok" or "not ok" line for how a program's results compare with SET/expected.jsonl."""
import json
import os
import sys

expected = [json.loads(line) for line in open(os.path.join(sys.argv[1], 'expected.jsonl'), encoding='utf-8')]
results = open(sys.argv[2], encoding='utf-8').read().split('\n')[:-1]
name = os.path.basename(sys.argv[1])
wrong = []
for number, (want, got) in enumerate(zip(expected, results), 1):
    answer = 'ERROR' if 'error' in want else ' '.join(sorted(want['ids']))
    if ' '.join(sorted(got.split())) != answer:
        wrong.append('# %s line %d: %s\n#   Lucene: %s\n#   ours:   %s' % (name, number, want['query'], answer[:120], got[:120]))
if len(expected) != len(results):
    wrong.append('# %s: %d queries, %d results' % (name, len(expected), len(results)))
print('\n'.join(wrong[:20] + ['%s %d queries of the set "%s" are answered as Lucene answers them' %
                              ('not ok' if wrong else 'ok', len(expected), name)]))
sys.exit(1 if wrong else 0)
