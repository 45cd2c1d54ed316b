//! H: `filter` (JSON:API §8.7.1).

use crate::{
    case::{assert_bad, ids, read, serve},
    support::Connection,
};

#[test]
fn h1_filters_choose_and_bad_ones_are_400_with_their_exact_name() {
    let (_server, mut http) = serve();
    let found = |http: &mut Connection, query: &str| {
        let document = read(http, &format!("/v1/sessions?{query}&page[size]=100"));
        ids(&document["data"]).join(",")
    };
    for (query, expected) in [
        ("filter[level]=advanced", "5,12,20"),
        ("filter[level][ne]=beginner&filter[track]=3", "5,7,12,13"),
        ("filter[startTime][ge]=2027-06-13T08:40:00Z", "19,20,21"),
        ("filter[level][is_null]=true", "1,21"),
        ("filter[title][ilike]=%25SQLITE%25", "4"),
        (
            "filter=%7B%22or%22:[%7B%22name%22:%22id%22,%22op%22:%22eq%22,%22val%22:%222%22%7D,%7B%22name%22:%22level%22,%22op%22:%22is_null%22%7D]%7D",
            "1,2,21",
        ),
        (
            "filter=[%7B%22name%22:%22speakers%22,%22op%22:%22any%22,%22val%22:%7B%22name%22:%22name%22,%22op%22:%22startswith%22,%22val%22:%22Asha%22%7D%7D]",
            "4,20",
        ),
    ] {
        assert_eq!(found(&mut http, query), expected, "{query}");
    }
    for (query, parameter) in [
        ("filter[nothing]=1", "filter[nothing]"),
        ("filter[title][unheardOf]=1", "filter[title][unheardOf]"),
        ("filter[startTime]=today", "filter[startTime]"),
        ("filter[favourites][gt]=many", "filter[favourites][gt]"),
        ("filter[title][ge][x]=1", "filter[title][ge][x]"),
        ("filter=[", "filter"),
        ("filter=1", "filter"),
        ("filter=[%7B%22name%22:%22title%22,%22op%22:%22drop%22,%22val%22:1%7D]", "filter"),
    ] {
        assert_bad(&mut http, &format!("/v1/sessions?{query}"), &[parameter]);
    }
}

#[test]
fn h2_paths_may_be_dotted_and_brackets_empty() {
    let (_server, mut http) = serve();
    for (url, expected) in [
        ("/v1/sessions?filter[track.name]=Data and Storage", vec!["4", "6", "8", "10", "20"]),
        ("/v1/sessions?filter[speakers.name]=Mira Okonjo", vec!["2", "3", "9"]),
        ("/v1/sessions?filter[id][]=3&filter[id][]=5&filter[id][]=999", vec!["3", "5"]),
        ("/v1/sessions?filter[track.id][]=2&filter[level][]=advanced", vec!["20"]),
    ] {
        let url = url.replace(' ', "%20");
        assert_eq!(ids(&read(&mut http, &url)["data"]), expected, "{url}");
    }
}
