//! How much memory may this process still take?
//!
//! What the system has left, the quotas of the containers that the process is in, and its own limit, whichever is least. Where
//! none of these can be read, as on systems other than Linux, nothing is known and nothing is refused.

use std::{fs, path::Path};

use anyhow::{Result, bail};
use constrained_gen::model::Footprint;

/// Refuses what would not fit, with the sum.
pub(super) fn refuse(footprint: &Footprint, ignore: bool) -> Result<()> {
    match available() {
        Some(available) if footprint.total() > available && !ignore => bail!(
            "not enough memory: {footprint}, but {} MB are available; --ignore-memory tries all the same",
            available / 1_000_000
        ),
        _ => Ok(()),
    }
}

/// Bytes that this process may still take; `None` if nobody says.
fn available() -> Option<u64> {
    let read = |path: &str| fs::read_to_string(path).ok();
    let system = read("/proc/meminfo").and_then(|text| kilobytes(&text, "MemAvailable:"));
    let own = read("/proc/self/limits").and_then(|limits| {
        let used = kilobytes(&read("/proc/self/status")?, "VmSize:")?;
        Some(address_space(&limits)?.saturating_sub(used))
    });
    let groups = read("/proc/self/cgroup").unwrap_or_default();
    let quotas = groups.lines().flat_map(|line| quotas(line, Path::new("/sys/fs/cgroup")));
    [system, own].into_iter().flatten().chain(quotas).min()
}

/// The number behind a name in a table of kilobytes.
pub(super) fn kilobytes(table: &str, name: &str) -> Option<u64> {
    let rest = table.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

/// The soft limit of the address space, if there is one.
fn address_space(limits: &str) -> Option<u64> {
    let rest = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// What is left in a group of processes and in all groups around it, for a line of `/proc/self/cgroup`.
fn quotas(line: &str, root: &Path) -> Vec<u64> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { return Vec::new() };
    let (root, limit, used) = match controllers {
        "" => (root.to_owned(), "memory.max", "memory.current"),
        list if list.split(',').any(|name| name == "memory") => {
            (root.join("memory"), "memory.limit_in_bytes", "memory.usage_in_bytes")
        }
        _ => return Vec::new(),
    };
    let number = |file: &Path| fs::read_to_string(file).ok()?.trim().parse::<u64>().ok();
    let place = root.join(path.trim_start_matches('/'));
    let mut left = Vec::new();
    for folder in place.ancestors().take_while(|folder| folder.starts_with(&root)) {
        if let Some(limit) = number(&folder.join(limit)) {
            let used = number(&folder.join(used)).unwrap_or(0);
            // Pages of files can be given back.
            let stat = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
            let cached = stat.lines().find_map(|line| line.strip_prefix("inactive_file "));
            let cached = cached.and_then(|n| n.trim().parse::<u64>().ok()).unwrap_or(0);
            left.push(limit.saturating_sub(used.saturating_sub(cached)));
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_the_kernel_are_read() {
        let table = "MemTotal:       24000000 kB\nMemAvailable:   12000000 kB\n";
        assert_eq!(kilobytes(table, "MemAvailable:"), Some(12_000_000 * 1024));
        assert_eq!(kilobytes(table, "VmHWM:"), None);
        let limits = |soft| {
            format!("Limit  Soft Limit\nMax address space         {soft}   unlimited   bytes\n")
        };
        assert_eq!(address_space(&limits("1073741824")), Some(1 << 30));
        assert_eq!(address_space(&limits("unlimited")), None);
    }

    #[test]
    fn quotas_of_all_groups_count() {
        let root = tempfile::tempdir().unwrap();
        let group = root.path().join("a/b");
        fs::create_dir_all(&group).unwrap();
        let write = |path: &str, text: &str| fs::write(root.path().join(path), text).unwrap();
        write("a/memory.max", "1000\n");
        write("a/memory.current", "300\n");
        write("a/memory.stat", "anon 1\ninactive_file 100\n");
        write("a/b/memory.max", "max\n");
        assert_eq!(quotas("0::/a/b", root.path()), [800]);
        assert_eq!(quotas("3:cpu:/a/b", root.path()), [0_u64; 0]);
        fs::create_dir_all(root.path().join("memory/x")).unwrap();
        write("memory/x/memory.limit_in_bytes", "500\n");
        assert_eq!(quotas("4:memory,hugetlb:/x", root.path()), [500]);
    }
}
