//! The name and the time zone of an org.

use e2e::{Answer, Org, Stack};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const PATH: &str = "/api/organization";

async fn organization(stack: &Stack, org: &Org) -> Value {
    let answer = Answer::to(stack.request(Method::GET, PATH).bearer_auth(&org.token)).await.unwrap();
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.json()
}

#[tokio::test]
async fn the_organization_route_gives_name_and_time_zone() {
    let stack = Stack::start().await;
    let (org, other) = (stack.org().await, stack.org().await);
    let set = async |zone: &str| {
        let name = "Zoë’s clinic";
        stack
            .sql(&format!("update organizations set name = '{name}', timezone = {zone} where id = '{}'", org.id))
            .await;
        organization(&stack, &org).await
    };
    assert_eq!(set("'Europe/Berlin'").await, json!({"name": "Zoë’s clinic", "timezone": "Europe/Berlin"}));
    // As in the read models: Windows names are known, and an unknown zone is UTC.
    assert_eq!(set("'W. Europe Standard Time'").await["timezone"], "Europe/Berlin");
    assert_eq!(set("'Mars/Olympus'").await["timezone"], "UTC");
    assert_eq!(set("null").await["timezone"], "UTC");
    // Another org's token gives the other org's name, and a token of an unknown org gives none.
    assert_ne!(organization(&stack, &other).await["name"], "Zoë’s clinic");
    assert_eq!(organization(&stack, &Org::unknown()).await, json!({"name": null, "timezone": "UTC"}));
    let nobody = Answer::to(stack.request(Method::GET, PATH)).await.unwrap();
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
}
