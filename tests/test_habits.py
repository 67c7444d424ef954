"""RecurringLines: lines that a site repeats are learned from its articles and stripped from the next, and nothing else is."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from conftest import NOW
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Settings
from config.sources import Source, StripRules, load_source
from flows.ingest import ingest
from flows.ingestion.process_pool import Workers
from flows.ingestion.recurring_lines import load_habits
from flows.reextract import reextract_source
from tasks.boilerplate.learn_recurring_lines import MIN_ARTICLES, LandedArticle, learn_recurring_lines
from tasks.boilerplate.recurring_lines import RecurringLines, fold_line
from tasks.http.fetcher import Fetcher
from tasks.metadata.identity import article_id
from tasks.metadata.urls import normalize_url
from tasks.strip import strip
from tests.support.plain_texts import STORY, document, paragraphs
from tests.support.query import query
from warehouse.model.records import ExtractedArticle
from warehouse.model.rows import Habit
from warehouse.model.vocabulary import HabitPlace, LineReason, RunStatus
from warehouse.state.recurring_lines import known_habits, news_of
from warehouse.takedown.forget import forget

APP = "The Norby Post is also an app, for phones and for watches."
"""A sentence that says nothing of what an article is about, nor what it is itself."""
THINGS = (
    ("bridge", "harbour", "ferry", "pier"),
    ("school", "teacher", "lesson", "pupil"),
    ("football", "keeper", "striker", "referee"),
    ("museum", "painting", "gallery", "curator"),
    ("forest", "timber", "beetle", "ranger"),
    ("budget", "treasurer", "deficit", "pension"),
)


def story(number: int) -> tuple[str, ...]:
    """Three sentences that no other number has; every sixth is of the same subject."""
    first, second, third, fourth = THINGS[number % len(THINGS)]
    return (
        f"The {first} of district {number} was the talk of the evening, and so was the {second} of house {number * 7}.",
        f"Nobody had seen the {third} number {number} for weeks, said a neighbour of the {first} on Friday.",
        f"Work on the {fourth} begins in week {number % 50 + 1}, and costs {number * 113} crowns in all.",
    )


def landed_article(
    number: int, *extra: str, lead: tuple[str, ...] = (), article_texts: tuple[str, ...] | None = None
) -> LandedArticle:
    """Make an article of its own day; `extra` stands below its text."""
    text = (*lead, *(story(number) if article_texts is None else article_texts), *extra)
    seen_at = NOW + timedelta(days=number)
    return LandedArticle(f"article-{number:04}", f"Headline of story {number}", seen_at, seen_at.date(), text, ())


def learned(articles: list[LandedArticle]) -> dict[str, HabitPlace]:
    return {habit.text: habit.place for habit in learn_recurring_lines("paper", articles, NOW)}


def places(**where: HabitPlace) -> RecurringLines:
    return RecurringLines.of({fold_line(APP): HabitPlace.ANYWHERE} | where)


def test_a_line_below_article_after_article_is_a_habit():
    assert learned([landed_article(number, APP) for number in range(12)]) == {APP: HabitPlace.ANYWHERE}


def test_it_takes_several_articles():
    few = [landed_article(number, APP) for number in range(MIN_ARTICLES - 1)]
    assert learned(few) == {}
    assert learned([*few, landed_article(MIN_ARTICLES, APP)]) == {APP: HabitPlace.END}


def test_articles_of_one_day_prove_less():
    one_day = [replace(landed_article(number, APP), day=NOW.date()) for number in range(7)]
    assert learned(one_day) == {}
    assert APP in learned([*one_day, *(replace(landed_article(number, APP), day=NOW.date()) for number in (7, 8))])


def test_what_few_of_many_articles_have_is_a_column_s():
    rare = [landed_article(number, *([APP] if number % 40 == 0 else [])) for number in range(120)]
    assert learned(rare) == {}


def test_one_story_at_several_addresses_is_one():
    again = [
        replace(landed_article(number, APP, article_texts=story(1)), title=f"Live: hour {number}")
        for number in range(6)
    ]
    assert learned(again) == {}
    assert learned([replace(landed_article(number, APP), title="Daily briefing") for number in range(6)]) == {}


def test_the_background_of_a_running_story_is_text():
    background = "The keeper and the striker of the football club have been in court since the referee reported them."
    football = [landed_article(number, background) for number in range(60) if number % 6 == 2]
    others = [landed_article(number) for number in range(60) if number % 6 != 2]
    assert learned([*football, *others]) == {}


def test_a_paper_of_one_subject_keeps_its_background():
    background = "The keeper and the striker of the football club have been in court since the referee reported them."
    assert learned([landed_article(number, background) for number in range(2, 60, 6)]) == {}


@pytest.mark.parametrize("heading", ["Background", "What happens next?", "The numbers"])
def test_a_standing_subheading_is_not_taken_out_from_between_paragraphs(heading):
    articles = [
        landed_article(number, article_texts=(*story(number)[:2], heading, story(number)[2])) for number in range(20)
    ]
    habits = RecurringLines.of({habit.line: habit.place for habit in learn_recurring_lines("paper", articles, NOW)})
    text = paragraphs(STORY[0], STORY[1], heading, STORY[2])
    assert heading in article_texts(text, habits, extractor="trafilatura 2")


def test_what_introduces_a_column_is_not_taken_out_from_above_it():
    lead = "In this column our reporters walk through one street of Norby each week and knock on every door."
    column = [landed_article(number, lead=(lead,)) for number in range(0, 40, 5)]
    others = [landed_article(number) for number in range(40) if number % 5]
    habits = RecurringLines.of(
        {habit.line: habit.place for habit in learn_recurring_lines("paper", [*column, *others], NOW)}
    )
    assert article_texts(paragraphs(lead, *STORY), habits)[0] == lead


def test_a_short_sentence_that_some_articles_end_with_is_text():
    briefs = [
        landed_article(number, *(["Police are investigating."] if number % 6 == 0 else [])) for number in range(90)
    ]
    assert learned(briefs) == {}


def test_a_line_with_other_figures_is_another_line():
    # `Attendance: 4,210` tells something of each match.
    assert fold_line("The index closed at 4,210 points.") != fold_line("The index closed at 4,311 points.")
    assert learned([landed_article(number, f"The gates counted {number * 31} people.") for number in range(20)]) == {}


def test_a_line_that_was_stripped_as_a_habit_stays_one():
    later = [replace(landed_article(number), stripped=((LineReason.HABIT, APP),)) for number in range(20)]
    assert learned(later) == {APP: HabitPlace.ANYWHERE}


def test_a_line_that_its_documents_always_tell_is_no_news():
    with_menus = [replace(landed_article(number), stripped=((LineReason.MENU, "My account"),)) for number in range(20)]
    assert learned(with_menus) == {}


PIECES = st.lists(
    st.sampled_from([APP, "Read by our robot.", "Opinion", *STORY, *story(3), "٣ أخبار", "写真 2"]), max_size=6
)
ARTICLES = st.lists(PIECES, max_size=14).map(
    lambda texts: [landed_article(number, article_texts=tuple(text)) for number, text in enumerate(texts)]
)


@given(ARTICLES, st.randoms(use_true_random=False))
def test_the_order_of_articles_does_not_matter(articles: list[LandedArticle], shuffled: random.Random):
    other = list(articles)
    shuffled.shuffle(other)
    assert learn_recurring_lines("paper", other, NOW) == learn_recurring_lines("paper", articles, NOW)


@given(ARTICLES)
def test_a_line_of_one_article_is_never_a_habit(articles: list[LandedArticle]):
    for habit in learn_recurring_lines("paper", articles, NOW):
        assert sum(habit.line in map(fold_line, article.paragraphs) for article in articles) >= MIN_ARTICLES
        assert habit.articles <= habit.among <= len(articles)
        assert habit.first_seen_at < habit.last_seen_at


def article_texts(text: str, habits: RecurringLines, rules: StripRules | None = None, **known: str) -> list[str]:
    article = strip(document(text, **known), rules or StripRules(), habits)
    assert isinstance(article, ExtractedArticle), article.detail
    return list(article.paragraphs.lines)


LINES = st.lists(
    st.sampled_from([*STORY, *story(4), APP, "Opinion", "Home", "Read also: The ferry", "Tags: a, b", ""]), max_size=14
)


@given(LINES, st.dictionaries(st.sampled_from([APP, "Opinion", *STORY]), st.sampled_from(HabitPlace)))
def test_habits_only_take_kept_lines_that_are_habits_and_never_all(lines, known):
    habits = RecurringLines.of({fold_line(line): habit_place for line, habit_place in known.items()})
    without, article = (
        strip(document("\n\n".join(lines)), StripRules(), these) for these in (RecurringLines(), habits)
    )
    assert isinstance(article, ExtractedArticle) == isinstance(without, ExtractedArticle)
    if isinstance(article, ExtractedArticle) and isinstance(without, ExtractedArticle):
        gone = [line for line in article.stripped if line not in without.stripped]
        assert all(line.reason is LineReason.HABIT and line.text in known for line in gone)
        assert set(without.stripped) <= set(article.stripped)


@given(LINES, st.dictionaries(st.sampled_from([APP, *STORY]), st.sampled_from(HabitPlace)))
def test_a_line_under_keep_is_never_taken_as_a_habit(lines, known):
    habits = RecurringLines.of({fold_line(line): habit_place for line, habit_place in known.items()})
    article = strip(document("\n\n".join(lines)), StripRules(keep=("app, for", "old bridge")), habits)
    if isinstance(article, ExtractedArticle):
        assert not [line for line in article.stripped if "app, for" in line.text or "old bridge" in line.text]


@pytest.mark.parametrize(
    ("habit_place", "lines", "expected"),
    [
        (HabitPlace.END, (*STORY, APP), STORY),
        (HabitPlace.END, (STORY[0], APP, *STORY[1:]), (STORY[0], APP, *STORY[1:])),
        (HabitPlace.INSIDE, (STORY[0], APP, *STORY[1:]), STORY),
        (HabitPlace.INSIDE, (APP, *STORY), (APP, *STORY)),
        (HabitPlace.ANYWHERE, (APP, *STORY), STORY),
        (HabitPlace.ANYWHERE, (APP,), (APP,)),
    ],
)
def test_a_habit_is_taken_out_where_it_is_known_to_stand(habit_place, lines, expected):
    for extractor in ("text", "html"):
        assert article_texts(
            paragraphs(*lines), RecurringLines.of({fold_line(APP): habit_place}), extractor=extractor
        ) == list(expected)


def test_the_source_s_drop_names_its_own_reason():
    article = strip(document(paragraphs(*STORY, APP)), StripRules(drop=("also an app",)), places())
    assert isinstance(article, ExtractedArticle)
    assert [line.reason for line in article.stripped] == [LineReason.SITE_RULE]


def habit(line: str = "app", **changes: object) -> Habit:
    made = Habit("paper", line, line, HabitPlace.END, 8, 20, NOW, NOW, NOW)
    return replace(made, **changes)  # type: ignore[arg-type]


def test_only_news_of_habits_is_written():
    later = NOW + timedelta(days=1)
    assert news_of([habit()], [habit(learned_at=later, articles=9)], later) == []
    assert news_of([habit()], [moved := habit(place=HabitPlace.INSIDE)], later) == [moved]
    assert news_of([habit()], [more := habit(articles=16)], later) == [more]
    assert news_of([habit()], [again := habit(last_seen_at=NOW + timedelta(days=8))], later) == [again]
    assert news_of([habit()], [], later) == [habit(articles=0, learned_at=later)]


# From here on: a source's runs over a folder of texts.


@pytest.fixture
def paper(settings: Settings, folder_source: Source, tmp_path: Path, workers: Workers):
    """Files texts under their numbers into a source's folder and runs it."""

    class Paper:
        root = settings.data
        source = folder_source

        def file(self, *numbers: int, extra: str = APP) -> None:
            for number in numbers:
                head = f"Headline {number}: {THINGS[number % 6][0]} news\n\n{number % 27 + 1} March 2026"
                text = paragraphs(head, *story(number), extra)
                (tmp_path / "pages" / f"{number:03}.txt").write_text(text, "utf-8")

        def run(self, day: int = 0) -> None:
            with Fetcher(settings) as fetcher:
                done = ingest(self.source, settings, workers, fetcher, clock=partial(NOW.__add__, timedelta(days=day)))
            assert done.status is RunStatus.SUCCEEDED, done.error

        def reextract(self, day: int) -> int:
            clock = partial(NOW.__add__, timedelta(days=day))
            return reextract_source(self.source, settings, workers, dry_run=False, clock=clock).promoted

        def sql(self, statement: str) -> list[tuple[object, ...]]:
            return query(self.root, statement).fetchall()

    return Paper()


ENDS = "SELECT count(*) FROM articles WHERE text LIKE '%also an app%'"


def test_a_run_strips_what_the_run_before_it_learned(paper):
    paper.file(*range(10))
    paper.run()
    assert paper.sql(ENDS) == [(10,)]
    assert paper.sql("SELECT text, place, articles, among, to_keep FROM habits") == [
        (APP, "anywhere", 10, 10, "keep = ['^The Norby Post is also an app. for phones and for watches.$']")
    ]
    paper.file(*range(10, 15))
    paper.run(1)
    assert paper.sql(ENDS) == [(10,)]
    assert paper.sql(
        "SELECT count(*), any_value(s.text) FROM articles, unnest(stripped) AS t(s) WHERE s.reason = 'habit'"
    ) == [(5, APP)]
    # What is stripped by now is no less of a habit, and its first articles can be had clean.
    assert load_habits(paper.root, "paper").places == {fold_line(APP): HabitPlace.ANYWHERE}
    assert paper.reextract(2) == 10
    assert paper.sql(ENDS) == [(0,)]
    paper.file(15)
    paper.run(3)
    assert paper.sql("SELECT articles, among FROM habits") == [(10, 10)], "twice as many would be news, one more is not"


def test_what_the_view_says_to_write_keeps_the_line(paper, tmp_path):
    odd = "Don't miss “The Post”: it's (almost) free, 7 days a week!"
    paper.file(*range(10), extra=odd)
    paper.run()
    ((to_keep,),) = paper.sql("SELECT to_keep FROM habits")
    toml = tmp_path / "config" / "sources" / "paper.toml"
    toml.write_text(f"{toml.read_text()}[strip]\n{to_keep}\n")
    text = paragraphs(*STORY, odd)
    habits = load_habits(paper.root, "paper")
    assert article_texts(text, habits) == list(STORY)
    assert article_texts(text, habits, load_source(toml).strip) == [*STORY, odd]


def test_a_line_that_the_newest_articles_have_no_more_is_forgotten(paper):
    paper.file(*range(8))
    paper.run()
    assert load_habits(paper.root, "paper").places
    paper.file(*range(100, 106), extra="")
    paper.run(120)
    assert load_habits(paper.root, "paper").places == {}
    assert paper.sql("FROM habits") == []


def test_runs_that_store_nothing_or_die_before_they_learn_change_nothing(paper, settings):
    paper.file(*range(8))
    paper.run()
    before = known_habits(paper.root, "paper")
    for path in (Path(paper.root) / "habits").glob("*/paper-*.parquet"):
        path.unlink()  # as if the run had been killed when its articles had landed
    paper.run(1)
    assert known_habits(paper.root, "paper") == []
    paper.file(8)
    paper.run(2)
    (after,) = known_habits(paper.root, "paper")
    assert (after.line, after.articles) == (before[0].line, 9)


def test_taking_an_article_down_takes_down_what_was_learned_from_it(paper):
    paper.file(*range(8))
    paper.run()
    ((url,),) = paper.sql("SELECT url FROM articles ORDER BY url LIMIT 1")
    forget(paper.root, url, NOW, normalize=normalize_url, identify=article_id)
    assert paper.sql("FROM habits") == []
    assert not any(b"also an app" in path.read_bytes() for path in (Path(paper.root) / "habits").rglob("*.parquet"))
    paper.file(20)
    paper.run(1)
    assert paper.sql("SELECT articles FROM habits") == [(8,)]
