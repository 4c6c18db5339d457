//! Random scenarios: each step is chosen while looking at the model, which then says what it shows.
//!
//! A [`Case`] is plain data without labels, so that any part of it can be left out: whom a [`Move`] is for is a number
//! that picks among those who are there when its turn comes. A move for which nobody is there, or of which the model
//! does not know what it shows, is left out too.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::{Member, Model, Role};
use crate::scenario::{Scenario, Step};

/// A random experiment.
#[derive(Clone, Debug)]
pub struct Case {
    /// The supervisors to begin with: arguments of `start_supervisor`, ids and labels left out.
    pub tops: Vec<Json>,
    /// What is done then.
    pub moves: Vec<Move>,
}

/// One step, without its target.
#[derive(Clone, Debug)]
pub struct Move {
    /// Whom it is for.
    pub whom: Whom,
    /// Picks among them.
    pub pick: usize,
    /// Picks among the children of a supervisor.
    pub child: usize,
    /// The step: its operation and what is left of the arguments.
    pub step: Json,
}

/// Whom a move is for, and under which key of the step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// Nobody in particular.
    Nobody,
    /// A server or bare process, as `target`.
    Worker,
    /// A server, as `target`.
    Server,
    /// A server or supervisor, dead or alive, as `target`.
    Anybody,
    /// A supervisor, as `target`.
    Supervisor,
    /// A supervisor of either kind, as `sup`.
    Sup,
    /// A static supervisor, as `sup`, and one of its children, as `id`.
    ChildOfStatic,
    /// A dynamic supervisor, as `sup`, and one of its children, as `pid`.
    ChildOfDynamic,
    /// A server, as `as`.
    Runner,
    /// A supervisor that dies at once while its children find out: one where no name can be in the way.
    Unnamed,
}

/// The steps of a case, with what each is predicted to show.
#[derive(Clone, Debug)]
pub struct Script {
    /// The steps as typed.
    pub steps: Vec<Step>,
    json: Vec<Json>,
    recorded: Vec<Json>,
}

impl Case {
    /// Chooses the steps, one after the other.
    pub fn script(&self) -> Script {
        let mut writer = Writer::default();
        writer.push(json!({"op": "start_registry", "name": "reg", "keys": "unique"}));
        for top in &self.tops {
            writer.push(start_top(top));
        }
        for chosen in &self.moves {
            if let Some(step) = writer.fill(chosen) {
                writer.push(step);
            }
        }
        writer.push(json!({"op": "count", "registry": "reg"}));
        while let Some(top) = writer.top() {
            if !writer.push(json!({"op": "stop", "target": top})) {
                break;
            }
        }
        writer.push(json!({"op": "count", "registry": "reg"}));
        writer.script
    }
}

impl Script {
    /// The scenario to run.
    pub fn scenario(&self, name: &str) -> Scenario {
        let (name, about) = (name.to_owned(), ABOUT.to_owned());
        Scenario { name, about, trap_exit: true, steps: self.steps.clone() }
    }

    /// The text of the scenario file; `as_recorded` leaves open what the recorder would.
    pub fn text(&self, name: &str, as_recorded: bool) -> String {
        let steps = if as_recorded { &self.recorded } else { &self.json };
        let steps: Vec<String> = steps.iter().map(line).collect();
        format!(
            "{{\"name\":{},\n\"about\":{},\n\"steps\":[\n{}\n]}}\n",
            json!(name),
            json!(ABOUT),
            steps.join(",\n")
        )
    }
}

const ABOUT: &str = "Random operations on random supervision trees, as the model predicts them.";

struct Writer {
    model: Model,
    script: Script,
    ids: BTreeMap<&'static str, usize>,
}

impl Default for Writer {
    fn default() -> Self {
        let script = Script { steps: Vec::new(), json: Vec::new(), recorded: Vec::new() };
        Self { model: Model::new(true), script, ids: BTreeMap::new() }
    }
}

impl Writer {
    /// Adds a step; false if the model does not know what it shows.
    fn push(&mut self, mut json: Json) -> bool {
        self.name_all(&mut json);
        json["expect"] = json!({});
        let keys: Map<String, Json> = json.as_object().cloned().unwrap_or_default();
        let mut step = Step::read(keys).unwrap_or_else(|problem| panic!("{json}: {problem}"));
        let mut model = self.model.clone();
        let Ok(prediction) = model.step(&step) else { return false };
        self.model = model;
        step.expect = prediction.expect.clone();
        json["expect"] = expect(&prediction.expect);
        self.script.json.push(json.clone());
        let recorded = crate::observation::Expect { log: prediction.recorded, ..prediction.expect };
        json["expect"] = expect(&recorded);
        self.script.recorded.push(json);
        self.script.steps.push(step);
        true
    }

    fn top(&self) -> Option<String> {
        let is_top =
            |it: &Member| it.alive && it.depth == 0 && matches!(it.role, Role::Static | Role::Dynamic);
        self.model.members().into_iter().find(is_top).map(|it| it.label)
    }

    /// The step of a move, for somebody who is there.
    fn fill(&self, chosen: &Move) -> Option<Json> {
        let mut step = chosen.step.clone();
        let members: Vec<Member> = self.model.members();
        let is_sup = |it: &Member| matches!(it.role, Role::Static | Role::Dynamic);
        let fits = |it: &&Member| match chosen.whom {
            Whom::Nobody => false,
            Whom::Anybody => it.role != Role::Bare,
            _ if !it.alive => false,
            Whom::Worker => !is_sup(it),
            Whom::Server | Whom::Runner => it.role == Role::Server,
            Whom::Supervisor | Whom::Sup => is_sup(it),
            Whom::Unnamed => is_sup(it) && !it.named,
            Whom::ChildOfStatic => it.role == Role::Static,
            Whom::ChildOfDynamic => it.role == Role::Dynamic,
        };
        if chosen.whom == Whom::Nobody {
            return Some(step);
        }
        let fitting: Vec<&Member> = members.iter().filter(fits).collect();
        let member = fitting.get(chosen.pick % fitting.len().max(1))?;
        let key = match chosen.whom {
            Whom::Runner => "as",
            Whom::Sup | Whom::ChildOfStatic | Whom::ChildOfDynamic => "sup",
            _ => "target",
        };
        step[key] = json!(member.label);
        if let (Some(key), true) = (child_key(chosen.whom), step.get("child").is_none()) {
            let child = member.children.get(chosen.child % member.children.len().max(1))?;
            step[key] = serde_json::to_value(child).ok()?;
        }
        Some(step)
    }

    /// Gives every specification an id of its own, and every `?` for a label or a monitor a name.
    fn name_all(&mut self, json: &mut Json) {
        match json {
            Json::Object(keys) => {
                for (key, base) in [("label", "s"), ("ref", "m")] {
                    if keys.get(key) == Some(&json!("?")) {
                        keys.insert(key.to_owned(), json!(self.fresh(base)));
                    }
                }
                keys.get_mut("child").into_iter().for_each(|child| self.name_child(child));
                let children = keys.get_mut("children").and_then(Json::as_array_mut);
                children.into_iter().flatten().for_each(|child| self.name_child(child));
                keys.values_mut().for_each(|value| self.name_all(value));
            }
            Json::Array(elements) => elements.iter_mut().for_each(|it| self.name_all(it)),
            _ => {}
        }
    }

    fn name_child(&mut self, child: &mut Json) {
        if child.get("id").is_none() && child.get("label").is_none() {
            let base = if child.get("supervisor").is_some() { "s" } else { "w" };
            child["id"] = json!(self.fresh(base));
        }
    }

    fn fresh(&mut self, base: &'static str) -> String {
        let number = self.ids.entry(base).or_default();
        *number += 1;
        format!("{base}{number}")
    }
}

/// A step as a line: what is done first, what is expected last.
fn line(step: &Json) -> String {
    let Some(keys) = step.as_object() else { return step.to_string() };
    let rank = |key: &str| match key {
        "op" => 0,
        "expect" => 2,
        _ => 1,
    };
    let mut keys: Vec<_> = keys.iter().collect();
    keys.sort_by_key(|(key, _)| rank(key));
    let keys: Vec<String> = keys.into_iter().map(|(key, value)| format!("{}:{value}", json!(key))).collect();
    format!("{{{}}}", keys.join(","))
}

fn child_key(whom: Whom) -> Option<&'static str> {
    match whom {
        Whom::ChildOfStatic => Some("id"),
        Whom::ChildOfDynamic => Some("pid"),
        _ => None,
    }
}

fn start_top(spec: &Json) -> Json {
    let mut step = json!({"op": "start_supervisor", "label": "?"});
    if let (Some(step), Some(spec)) = (step.as_object_mut(), spec.as_object()) {
        step.extend(spec.clone());
    }
    step
}

/// An expectation as the files have it: an absent key means "nothing".
fn expect(expect: &crate::observation::Expect) -> Json {
    let mut json = serde_json::to_value(expect).expect("an expectation is JSON");
    if let Some(keys) = json.as_object_mut() {
        keys.retain(|key, value| match value {
            Json::Array(elements) => key == "result" || !elements.is_empty(),
            Json::Object(entries) => key == "result" || !entries.is_empty(),
            _ => true,
        });
    }
    json
}
