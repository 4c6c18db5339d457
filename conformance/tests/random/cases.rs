//! Random cases: trees of supervisors and what is done to them.

use conformance::model::generate::{Case, Move, Whom};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value as Json, json};

type Part = BoxedStrategy<Json>;

/// A case of one or two trees.
pub(crate) fn case() -> impl Strategy<Value = Case> {
    (vec(supervisor(2), 1..3), vec(a_move(), 1..50)).prop_map(|(tops, moves)| Case { tops, moves })
}

/// An object of some keys: each is there with its chance.
fn keys(parts: Vec<(&'static str, f64, Part)>) -> Part {
    let empty: BoxedStrategy<Map<String, Json>> = Just(Map::new()).boxed();
    let add = |object: BoxedStrategy<Map<String, Json>>, (key, chance, part): (&'static str, f64, Part)| {
        // A key that is always there is none that may be left out.
        let part = if chance >= 1.0 {
            part.prop_map(Some).boxed()
        } else {
            proptest::option::weighted(chance, part).boxed()
        };
        (object, part)
            .prop_map(move |(mut object, value)| {
                object.extend(value.map(|value| (key.to_owned(), value)));
                object
            })
            .boxed()
    };
    parts.into_iter().fold(empty, add).prop_map(Json::Object).boxed()
}

fn one_of(values: Vec<Json>) -> Part {
    select(values).boxed()
}

fn merged(a: Part, b: Part) -> Part {
    (a, b)
        .prop_map(|(mut a, b)| {
            if let (Some(a), Json::Object(b)) = (a.as_object_mut(), b) {
                a.extend(b);
            }
            a
        })
        .boxed()
}

fn reason() -> Part {
    one_of(vec![
        json!("boom"),
        json!("shutdown"),
        json!({"shutdown": "x"}),
        json!("normal"),
        json!("odd"),
        json!("killed"),
        json!({"odd": "pair"}),
    ])
}

fn name() -> Part {
    let via = |key: Json| json!({"via": ["reg", key]});
    let mut names: Vec<Json> = ["n1", "n2", "own1", "own2", "own3"].map(Json::from).into();
    names.extend(["k1", "k2", "own4", "own5"].map(|key| via(json!(key))));
    names.push(json!({"via": ["reg", {"t": ["k", 3]}, 7]}));
    one_of(names)
}

/// What is said of every child.
fn child(of: Part) -> Part {
    let rest = keys(vec![
        ("restart", 0.7, one_of(["permanent", "transient", "temporary"].map(Json::from).into())),
        ("shutdown", 0.2, one_of(vec![json!("brutal_kill"), json!("infinity"), json!(2000)])),
        ("significant", 0.1, one_of(vec![json!(true), json!(false)])),
        ("modules", 0.04, one_of(vec![json!(["Mod"]), json!("dynamic")])),
        (
            "start",
            0.08,
            one_of(vec![
                json!(["ok", {"error": "no"}, "ok"]),
                json!(["ok", "ignore"]),
                json!([{"info": "i"}]),
                json!(["ok", "ok", {"error": "no"}, {"exit": "odd"}, "ok"]),
                json!(["ok", "raise", "bad_return", "ok"]),
                json!(["ok", {"error": "never"}]),
                json!(["ignore", "ok"]),
            ]),
        ),
    ]);
    merged(of, rest)
}

fn worker() -> Part {
    keys(vec![
        ("state", 0.8, (1..9i64).prop_map(Json::from).boxed()),
        ("trap_exit", 0.5, Just(json!(true)).boxed()),
        (
            "init",
            0.15,
            one_of(vec![
                json!(["ok", {"stop": "no"}, "ok"]),
                json!(["ok", "raise"]),
                json!(["ok", "ignore", "ok"]),
                json!(["ok", {"stop": "no"}, {"exit": "odd"}, "bad_return", "ok"]),
                json!([{"stop": "no"}, "ok"]),
                json!(["ignore", "ok"]),
                json!([{"continue": {"do": "add", "n": 1}}]),
            ]),
        ),
        (
            "registers",
            0.06,
            one_of(vec![json!([["reg", "k4", 1]]), json!([["reg", "own6", 1], ["reg", "own7", 2]])]),
        ),
        (
            "on_terminate",
            0.1,
            one_of(vec![
                json!({"exit": "late"}),
                json!("raise"),
                json!({"exit": "normal"}),
                json!({"throw": 1}),
            ]),
        ),
        ("name", 0.2, name()),
    ])
}

/// The arguments of a supervisor, with children down to some depth.
fn supervisor(depth: u32) -> Part {
    let limits = || {
        vec![
            ("max_restarts", 0.8, (0..7u32).prop_map(Json::from).boxed()),
            ("max_seconds", 1.0, Just(json!(300)).boxed()),
        ]
    };
    let mut fixed = limits();
    fixed.push(("kind", 1.0, Just(json!("supervisor")).boxed()));
    fixed.push((
        "strategy",
        0.9,
        one_of(["one_for_one", "one_for_all", "rest_for_one"].map(Json::from).into()),
    ));
    fixed.push((
        "auto_shutdown",
        0.3,
        one_of(["any_significant", "all_significant", "never"].map(Json::from).into()),
    ));
    fixed.push(("children", 0.95, vec(any_child(depth), 0..5).prop_map(Json::from).boxed()));
    fixed.push(("name", 0.1, name()));
    let mut dynamic = limits();
    dynamic.push(("kind", 1.0, Just(json!("dynamic")).boxed()));
    dynamic.push(("max_children", 0.2, (0..4u32).prop_map(Json::from).boxed()));
    dynamic.push(("extra_arguments", 0.1, Just(json!(["extra"])).boxed()));
    dynamic.push(("name", 0.1, name()));
    prop_oneof![3 => keys(fixed), 2 => keys(dynamic)].boxed()
}

fn any_child(depth: u32) -> Part {
    if depth == 0 {
        return child(worker());
    }
    let below = supervisor(depth - 1).prop_map(|spec| json!({"supervisor": spec})).boxed();
    prop_oneof![3 => child(worker()), 1 => child(below)].boxed()
}

fn command() -> Part {
    let stop = reason().prop_map(|reason| json!({"do": "stop", "reason": reason}));
    let stop_reply = reason().prop_map(|reason| json!({"do": "stop", "reason": reason, "reply": "bye"}));
    let exit = reason().prop_map(|reason| json!({"do": "exit", "reason": reason}));
    let rest = one_of(vec![
        json!({"do": "get"}),
        json!({"do": "add", "n": 1}),
        json!({"do": "push", "value": 1}),
        json!({"do": "put", "value": [1]}),
        json!({"do": "raise"}),
        json!({"do": "bad_return"}),
        json!({"do": "continue", "then": {"do": "add", "n": 2}}),
    ]);
    prop_oneof![2 => stop, 1 => stop_reply, 1 => exit, 5 => rest].boxed()
}

fn a_move() -> impl Strategy<Value = Move> {
    let op = |op: &'static str, rest: Part| merged(Just(json!({"op": op})).boxed(), rest);
    let plain = |op: &'static str| Just(json!({"op": op})).boxed();
    let with = |key: &'static str, part: Part| keys(vec![(key, 1.0, part)]);
    let signal = || prop_oneof![2 => Just(json!("kill")), 5 => reason()].boxed();
    let key = || one_of(vec![json!("k1"), json!("k2"), json!("k4"), json!({"t": ["k", 3]})]);
    let on_registry = |name: &'static str| {
        op(name, keys(vec![("registry", 1.0, Just(json!("reg")).boxed()), ("key", 1.0, key())]))
    };
    let registry_only = |name: &'static str| op(name, with("registry", Just(json!("reg")).boxed()));
    let unordered = || Just(json!({"op": "exit", "reason": "kill", "unordered": true})).boxed();
    let monitor = || op("monitor", with("ref", Just(json!("?")).boxed()));
    let whereis = one_of(vec![
        json!({"name": "n1"}),
        json!({"name": "own1"}),
        json!({"via": ["reg", "k1"]}),
        json!({"via": ["reg", "own4"]}),
    ]);
    let moves: Vec<(u32, Whom, Part)> = vec![
        (20, Whom::Worker, op("exit", with("reason", signal()))),
        (12, Whom::Server, op("call", with("cmd", command()))),
        (5, Whom::Server, op("cast", with("cmd", command()))),
        (4, Whom::Server, op("send", with("cmd", command()))),
        (2, Whom::Worker, op("send", with("msg", Just(json!("hello")).boxed()))),
        (5, Whom::Anybody, op("stop", keys(vec![("reason", 0.8, reason())]))),
        (2, Whom::Anybody, op("call", with("cmd", Just(json!({"do": "get"})).boxed()))),
        (3, Whom::Supervisor, op("exit", with("reason", reason()))),
        (3, Whom::Unnamed, unordered()),
        (14, Whom::Sup, op("start_child", with("child", any_child(1)))),
        (2, Whom::Sup, op("start_child", with("child", merged(Just(json!({"id": "w1"})).boxed(), worker())))),
        (7, Whom::ChildOfStatic, plain("terminate_child")),
        (6, Whom::ChildOfStatic, plain("restart_child")),
        (5, Whom::ChildOfStatic, plain("delete_child")),
        (7, Whom::ChildOfDynamic, plain("terminate_child")),
        (8, Whom::Sup, plain("which_children")),
        (5, Whom::Sup, plain("count_children")),
        (
            3,
            Whom::Runner,
            merged(on_registry("register"), with("value", (0..5i64).prop_map(Json::from).boxed())),
        ),
        (1, Whom::Nobody, on_registry("register")),
        (2, Whom::Runner, on_registry("unregister")),
        (2, Whom::Nobody, on_registry("lookup")),
        (2, Whom::Nobody, registry_only("count")),
        (1, Whom::Server, registry_only("keys")),
        (2, Whom::Nobody, op("whereis", with("target", whereis))),
        (3, Whom::Anybody, monitor()),
        (1, Whom::Nobody, op("demonitor", with("ref", one_of(["m1", "m2"].map(Json::from).into())))),
        (2, Whom::Worker, plain("link")),
        (1, Whom::Worker, plain("unlink")),
        (1, Whom::Anybody, plain("alive")),
        (2, Whom::Nobody, op("start", with("child", worker()))),
        (2, Whom::Nobody, op("start_link", with("child", worker()))),
        (2, Whom::Nobody, op("spawn", with("child", with("label", Just(json!("?")).boxed())))),
        (
            1,
            Whom::Nobody,
            merged(Just(json!({"op": "start_supervisor", "label": "?"})).boxed(), supervisor(1)),
        ),
    ];
    let steps = moves
        .into_iter()
        .map(|(weight, whom, step)| (weight, step.prop_map(move |step| (whom, step)).boxed()));
    let steps = proptest::strategy::Union::new_weighted(steps.collect());
    (steps, 0..1000usize, 0..1000usize).prop_map(|((whom, step), pick, child)| Move {
        whom,
        pick,
        child,
        step,
    })
}
