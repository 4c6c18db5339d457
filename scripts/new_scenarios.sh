#!/usr/bin/env bash
# New scenarios, recorded on the BEAM of this machine, for the library to be held against.
#
#   scripts/new_scenarios.sh DIR COUNT [FIRST_SEED]
#
# Fills DIR with COUNT scenarios of the generator; the first seed is made from the date unless it is given, so that each
# day brings other ones. Each is recorded once and run twice more: one that the BEAM itself does not repeat has an order
# that nothing forces, and is taken out; it says so. Needs Elixir.
set -euo pipefail

dir=$1 count=$2 first=${3:-$(date +%Y%m%d)000}
recorder=$(dirname "${BASH_SOURCE[0]}")/../conformance/recorder

mkdir -p "$dir"
rm -f "$dir"/*.json
echo "seeds $first to $((first + count - 1))"
elixir "$recorder/generate.exs" "$first" $((first + count - 1)) "$dir"
checked=$(elixir "$recorder/record.exs" --check 2 "$dir") || true
echo "$checked"
while IFS= read -r file; do
  if [[ -f $file ]]; then
    echo "the BEAM does not repeat $file"
    rm "$file"
  fi
done < <(sed -n -E 's/^([^ ]+\.json)(:| \(run).*/\1/p' <<<"$checked" | sort -u)
left=$(find "$dir" -name '*.json' | wc -l)
echo "$left scenarios"
# Now and then one is lost; if many are, the recorder is broken.
((left * 10 >= count * 9))
