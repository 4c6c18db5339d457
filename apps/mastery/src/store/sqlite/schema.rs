//! The tables, and the steps that led to them.

/// Marks the file as ours (`PRAGMA application_id`): "Mast" in ASCII.
pub(super) const APPLICATION_ID: i64 = 0x4d61_7374;

/// The version a database has after all steps (`PRAGMA user_version`).
pub(super) const VERSION: i64 = STEPS.len() as i64;

/// `STEPS[n]` leads from version `n` to `n + 1`. A released step is never changed; a change is a new step.
pub(super) const STEPS: [&str; 1] = [FIRST];

/// Ids are `AUTOINCREMENT`, so that the id of a forgotten student in an old log never becomes somebody else's. Times are
/// microseconds since 1970, UTC. A seed is the bits of an unsigned number.
const FIRST: &str = "
CREATE TABLE quizzes (
    slug    TEXT    NOT NULL,
    version INTEGER NOT NULL,
    title   TEXT    NOT NULL,
    body    TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (slug, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    slug     TEXT    NOT NULL,
    version  INTEGER NOT NULL,
    code     TEXT    NOT NULL UNIQUE,
    start_at INTEGER NOT NULL,
    end_at   INTEGER NOT NULL,
    state    TEXT    NOT NULL CHECK (state IN ('scheduled', 'open', 'paused', 'ended')),
    at       INTEGER NOT NULL,
    FOREIGN KEY (slug, version) REFERENCES quizzes (slug, version)
) STRICT;

CREATE TABLE students (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    email TEXT    NOT NULL UNIQUE,
    at    INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    run         INTEGER NOT NULL REFERENCES runs (id),
    student     INTEGER NOT NULL REFERENCES students (id) ON DELETE CASCADE,
    seed        INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    finished_at INTEGER,
    UNIQUE (run, student)
) STRICT;

CREATE INDEX sessions_by_student ON sessions (student);

CREATE TABLE responses (
    session    INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    seq        INTEGER NOT NULL,
    request_id TEXT    NOT NULL,
    template   TEXT    NOT NULL,
    question   TEXT    NOT NULL,
    answer     TEXT    NOT NULL,
    correct    INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (session, seq),
    UNIQUE (session, request_id)
) STRICT, WITHOUT ROWID;
";
