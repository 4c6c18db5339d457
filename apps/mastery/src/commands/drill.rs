//! `mastery drill FILE`: kill sessions at random and lose nothing.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use perennial::prelude::*;
use perennial::runtime;

use super::{WRONG_INPUT, load, write_errors};
use crate::boundary;
use crate::boundary::env::Env;
use crate::drill::figures::Figures;
use crate::drill::student::AckLog;
use crate::drill::{self, Phase, Plan, verify};
use crate::store::Store;
use crate::store::memory::MemoryStore;
use crate::store::sqlite::SqliteStore;

/// Take many students through a quiz while their sessions are killed at random.
///
/// Each student has a process of its own. At the end every acknowledged answer is looked up in the store; if one is missing
/// the status is 1.
#[derive(Debug, Args)]
pub struct Drill {
    /// The quiz: TOML, or JSON if its name ends in .json.
    file: PathBuf,
    /// How many students.
    #[arg(long, default_value_t = 200)]
    students: usize,
    /// How likely it is that a session is killed around an answer: 5% or 0.05.
    #[arg(long, default_value = "5%", value_parser = chance)]
    kill: f64,
    /// What students and chaos are drawn with.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// How many students answer at one time.
    #[arg(long, default_value_t = 256)]
    concurrency: usize,
    /// Where answers are kept.
    #[arg(long, value_enum, default_value_t = Kind::Sqlite)]
    store: Kind,
    /// Keep the database in this directory, which must have none; otherwise it is temporary.
    #[arg(long, value_name = "DIR", conflicts_with = "store")]
    data: Option<PathBuf>,
    /// Write each acknowledged answer to this file at once: session, number, request, verdict.
    #[arg(long, value_name = "FILE")]
    acks: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// In a file, as the service does it.
    Sqlite,
    /// Nowhere else than in memory.
    Memory,
}

fn chance(text: &str) -> Result<f64, String> {
    let (number, whole) = text.strip_suffix('%').map_or((text, 1.0), |number| (number, 100.0));
    let chance = number.trim().parse::<f64>().map_err(|error| error.to_string())? / whole;
    if (0.0..=1.0).contains(&chance) { Ok(chance) } else { Err("a chance is from 0% to 100%".to_owned()) }
}

impl Drill {
    /// Runs the drill and returns the status.
    ///
    /// # Errors
    ///
    /// The file cannot be read, the store not be opened, or the service did what it must not do.
    pub fn run(&self, out: &mut impl Write) -> io::Result<u8> {
        let quiz = match load(&self.file)? {
            Ok(quiz) => quiz,
            Err(errors) => {
                write_errors(out, &self.file, &errors)?;
                return Ok(WRONG_INPUT);
            }
        };
        let acks = self.acks.as_deref().map(|file| OpenOptions::new().create(true).append(true).open(file));
        let plan = Plan {
            quiz,
            students: self.students,
            concurrency: self.concurrency,
            kill: self.kill,
            seed: self.seed,
            acks: acks.transpose()?.map(|file: File| Arc::new(AckLog::new(file))),
        };
        let temporary = tempfile::tempdir()?;
        let dir = self.data.as_deref().unwrap_or(temporary.path());
        let figures = runtime::run_main(self.drill(plan, dir)).map_err(io::Error::other)?;
        if self.json {
            writeln!(out, "{}", serde_json::to_string(&figures)?)?;
        } else {
            write!(out, "{figures}")?;
        }
        Ok(u8::from(figures.lost_answers > 0 || figures.finished < figures.students))
    }

    async fn drill(
        &self,
        plan: Plan,
        dir: &Path,
    ) -> Result<Figures, Box<dyn std::error::Error + Send + Sync>> {
        let store: Arc<dyn Store> = match self.store {
            Kind::Sqlite => Arc::new(SqliteStore::open(dir).await?),
            Kind::Memory => Arc::new(MemoryStore::new()),
        };
        let env = Arc::new(Env { seed: Some(self.seed), ..Env::new(store.clone()) });
        let tree = Supervisor::start_link(boundary::children(&env), Strategy::OneForOne).await?;
        let bar = Bar::new(self.students);
        let drilled = drill::run(&env, plan, &|phase, done| bar.show(phase, done)).await;
        bar.finish();
        let mut outcome = drilled?;
        if let Some(tree) = tree.server::<Supervisor>() {
            tree.stop(ExitReason::Normal).await?;
        }
        outcome.figures.lost_answers = match self.store {
            Kind::Memory => verify::lost(&*store, &outcome.acks).await?,
            Kind::Sqlite => {
                // What counts is what the next start finds.
                store.close().await?;
                let store = SqliteStore::open(dir).await?;
                let lost = verify::lost(&store, &outcome.acks).await?;
                store.close().await?;
                lost
            }
        };
        Ok(outcome.figures)
    }
}

/// A progress bar on a terminal, a line for each phase elsewhere.
struct Bar {
    bar: Option<ProgressBar>,
    phase: std::sync::Mutex<Option<Phase>>,
}

impl Bar {
    fn new(students: usize) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{msg:>10} {wide_bar} {pos}/{len} {elapsed}");
            ProgressBar::new(students as u64)
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { bar, phase: std::sync::Mutex::new(None) }
    }

    fn show(&self, phase: Phase, done: usize) {
        let text = match phase {
            Phase::Joining => "joining",
            Phase::Answering => "answering",
        };
        let before = self.phase.lock().ok().and_then(|mut current| current.replace(phase));
        match &self.bar {
            Some(bar) => {
                bar.set_message(text);
                bar.set_position(done as u64);
            }
            None if before != Some(phase) => eprintln!("{text} .."),
            None => {}
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
