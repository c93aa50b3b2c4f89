# Runs one throw-away PostgreSQL for as long as somebody holds our standard input open.
#
#   sh postgres.sh BIN PARENT SETTING...
#
# BIN is the folder of PostgreSQL's programs, PARENT where to put its temporary folder,
# each SETTING a line of postgresql.conf. Prints `ready`, then waits for the end of its
# input, which comes also when the holder is killed: so nothing is ever left behind.
set -eu
bin=$1 parent=$2
shift 2

folder=$(mktemp -d "$parent/rapport-postgres.XXXXXX")
end() {
    [ ! -f "$folder/data/postmaster.pid" ] ||
        "$bin/pg_ctl" stop --pgdata "$folder/data" --mode immediate --silent || true
    rm -rf "$folder"
}
trap end EXIT
trap 'exit 1' HUP INT TERM

if ! "$bin/initdb" --pgdata "$folder/data" --username postgres --auth trust \
    --encoding UTF8 --locale C.UTF-8 --no-sync >"$folder/log" 2>&1; then
    cat "$folder/log" >&2
    exit 1
fi
for setting in "unix_socket_directories = '$folder'" "$@"; do
    printf '%s\n' "$setting"
done >>"$folder/data/postgresql.conf"
if ! "$bin/pg_ctl" start --pgdata "$folder/data" --log "$folder/log" --wait --silent; then
    cat "$folder/log" >&2
    exit 1
fi

printf 'ready\n'
cat >/dev/null
