"""How the measuring programs print: tables in plain text and in Markdown, and what they ran on."""

import os
import platform


def format_plain(header, lines):
    widths = [max(len(cells[i]) for cells in [header, *lines]) for i in range(len(header))]
    return "\n".join("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(cells, widths)))
                     for cells in [header, *lines])


def format_markdown(header, lines):
    rule = ["---"] + ["---:"] * (len(header) - 1)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [header, rule, *lines])


def read_labelled(path, label, separator):
    try:
        with open(path, encoding="utf-8") as file:
            for line in file:
                name, _, value = line.partition(separator)
                if name.strip() == label:
                    return value.strip().strip('"')
    except OSError:
        pass
    return "unknown"


def machine_description():
    processor = read_labelled("/proc/cpuinfo", "model name", ":")
    memory_kb = read_labelled("/proc/meminfo", "MemTotal", ":").split()[0]
    memory = f"{int(memory_kb) / (1 << 20):.1f} GiB" if memory_kb.isdigit() else "unknown"
    system = read_labelled("/etc/os-release", "PRETTY_NAME", "=")
    return (f"{os.cpu_count()} x {processor}, {memory} memory, {system}, "
            f"Linux {platform.release()}; load average {os.getloadavg()[0]:.1f}")


def print_facts(facts):
    for label, text in facts:
        print(f"{label}: {text}", flush=True)


def print_tables(tables):
    for title, header, lines in tables:
        print(f"\n{title}\n{format_plain(header, lines)}", flush=True)


def markdown_of(facts, tables):
    """`facts` are (label, text) pairs, `tables` (title, header, lines)."""
    shown = [f"- {label}: " + (f"`{text}`" if label == "Command" else text) for label, text in facts]
    blocks = ["\n".join(shown)]
    blocks += [f"### {title}\n\n{format_markdown(header, lines)}" for title, header, lines in tables]
    return "\n\n".join(blocks) + "\n"


def write_markdown(path, facts, tables):
    """Writes a file of its own, or, for a path of the form FILE#SECTION, what stands between the lines
    `<!-- SECTION -->` and `<!-- /SECTION -->` of a file that is there."""
    path, _, section = path.partition("#")
    text = markdown_of(facts, tables)
    if section:
        with open(path, encoding="utf-8") as file:
            before, start, rest = file.read().partition(f"<!-- {section} -->\n")
        _, end, after = rest.partition(f"<!-- /{section} -->\n")
        if not start or not end:
            raise RuntimeError(f"{path} has no section {section}")
        text = before + start + text + end + after
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def section_exists(path):
    """False when `path` names a section that its file does not have."""
    path, _, section = path.partition("#")
    if not section:
        return True
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except OSError:
        return False
    return f"<!-- {section} -->" in lines and f"<!-- /{section} -->" in lines
