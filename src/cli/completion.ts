// `kthread-machine completion SHELL`: a script that completes commands, options and their choices. It is
// made from what the commands say of themselves, so that it knows each new option.

import { Argument, type Command } from "commander";
import { NAME } from "./output.js";

const SHELLS = ["bash", "zsh", "fish"] as const;

/** A command as completion sees it. */
interface Known {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly KnownOption[];
}

interface KnownOption {
  readonly long: string;
  readonly description: string;
  readonly choices: readonly string[];
  /** It has a value. */
  readonly hasValue: boolean;
}

/** Adds the command `completion` to a program. */
export function registerCompletion(program: Command): void {
  program
    .command("completion")
    .summary("print a script that completes this command in a shell")
    .description("Prints a script for a shell to complete commands and options with.")
    .addArgument(new Argument("<shell>", "the shell").choices(SHELLS))
    .addHelpText(
      "after",
      `
Examples:
  ${NAME} completion bash > ~/.local/share/bash-completion/completions/${NAME}
  ${NAME} completion zsh > "\${fpath[1]}/_${NAME}"
  ${NAME} completion fish > ~/.config/fish/completions/${NAME}.fish
`,
    )
    .action((shell: (typeof SHELLS)[number]) => {
      process.stdout.write(scripts[shell](program.commands.map(known)));
    });
}

function known(command: Command): Known {
  const options = command.options.map((option) => ({
    long: option.long ?? "",
    description: option.description,
    choices: option.argChoices ?? [],
    hasValue: option.required || option.optional,
  }));
  const help = { long: "--help", description: "print this help", choices: [], hasValue: false };
  return { name: command.name(), summary: command.summary(), options: [...options, help] };
}

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };

function bashScript(commands: readonly Known[]): string {
  const cases = commands.flatMap(({ name, options }) => [
    `    ${name})`,
    `      case $previous in`,
    ...options
      .filter(({ choices }) => choices.length > 0)
      .map(({ long, choices }) => `        ${long}) words="${choices.join(" ")}" ;;`),
    ...values(options),
    `        *) words="${options.map(({ long }) => long).join(" ")}" ;;`,
    `      esac ;;`,
  ]);
  return `# Completion of ${NAME} for bash.
_kthread_machine() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words
  case \${COMP_WORDS[1]} in
${cases.join("\n")}
    *) words="${commands.map(({ name }) => name).join(" ")} --help --version" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _kthread_machine ${NAME}
`;
}

/** Behind an option with any value: no words, for which bash completes names of files. */
function values(options: readonly KnownOption[]): string[] {
  const names = options.flatMap(({ long, choices, hasValue }) =>
    hasValue && choices.length === 0 ? [long] : [],
  );
  return names.length === 0 ? [] : [`        ${names.join(" | ")}) words="" ;;`];
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
const inZsh = (text: string) => text.replace(/[[\]:\\]/g, "\\$&");

function zshScript(commands: readonly Known[]): string {
  const names = commands.map(({ name, summary }) => quoted(`${name}:${inZsh(summary)}`));
  const cases = commands.map(({ name, options }) => {
    const specs = options.map(({ long, description, choices, hasValue }) => {
      const value = choices.length > 0 ? `:value:(${choices.join(" ")})` : ":value:_files";
      return quoted(`${long}[${inZsh(description)}]${hasValue ? value : ""}`);
    });
    return `    ${name}) _arguments ${[...specs, quoted("*:file:_files")].join(" ")} ;;`;
  });
  return `#compdef ${NAME}
# Completion of ${NAME} for zsh.
_kthread_machine() {
  if (( CURRENT == 2 )); then
    local -a commands=(${names.join(" ")})
    _describe command commands
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
${cases.join("\n")}
  esac
}
_kthread_machine "$@"
`;
}

function fishScript(commands: readonly Known[]): string {
  const lines = commands.flatMap(({ name, summary, options }) => [
    `complete -c ${NAME} -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
    ...options.map(({ long, description, choices, hasValue }) => {
      const value =
        choices.length > 0 ? ` -xa ${quoted(choices.join(" "))}` : hasValue ? " -r" : "";
      return `complete -c ${NAME} -n '__fish_seen_subcommand_from ${name}' -l ${long.slice(2)}${value} -d ${quoted(description)}`;
    }),
  ]);
  return `# Completion of ${NAME} for fish.\n${lines.join("\n")}\n`;
}
