from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import geodata.calls as calls
from geodata.calls import mapping, mapping_file, roles, stamps
from geodata.calls.mapping import Mapping, Stamp
from geodata.calls.table import STAMPS
from geodata.errors import InputError


@pytest.mark.parametrize(
    ("headings", "expected"),
    [
        (
            "呼救时间 受理时间 派车时间 出车时间 "
            "到达现场时间 离开现场时间 到达医院时间 任务完成时间",
            STAMPS,
        ),
        ("来电时刻 接听时刻 调派时刻 出动时刻 到场时刻 离场时刻 到院时刻 返站时刻", STAMPS),
        (
            "呼救日期时间 摘机时间 派单时间 驶离时间 "
            "抵达现场时间 病人上车时间 送达医院时间 空闲时间",
            STAMPS,
        ),
        (
            "dial_time answer_time dispatch_time depart_time arrive_time leave_time hospital_time "
            "clear_time",
            STAMPS,
        ),
        (
            "CallReceived CallAnswered UnitDispatched EnRoute "
            "OnScene LeftScene AtHospital Available",
            STAMPS,
        ),
        ("time_answered time_assigned arrival_on_scene", ("answer", "dispatch", "arrive")),
        ("受理時間 到達現場時間（时:分:秒）", ("answer", "arrive")),
    ],
)
def test_stamps_are_found_by_their_headings(headings: str, expected: tuple[str, ...]) -> None:
    found = mapping.detect(headings.split())
    assert tuple(found.stamps) == expected
    assert [s.columns for s in found.stamps.values()] == [(h,) for h in headings.split()]


def test_spaced_english_headings_and_remarks_are_found() -> None:
    found = mapping.detect(["Incident Number", "Call Answered (local)", "Arrived At Scene", "Lng"])
    assert found.columns["call_id"] == ("Incident Number",)
    assert found.stamps["arrive"].columns == ("Arrived At Scene",)
    assert found.columns["lon"] == ("Lng",)


def test_every_other_role_is_found() -> None:
    headings = ["流水号", "日期", "经度", "纬度", "区县", "乡镇", "分站", "车牌号", "车辆类型"]
    headings += ["呼救类型", "病情等级", "出车结果"]
    found = mapping.survey(headings).mapping.columns
    assert dict(zip(found, headings, strict=True)) == {r: h for r, (h,) in found.items()}
    assert set(found) == set(roles.ROLES) - set(STAMPS)


def test_personal_columns_have_no_role() -> None:
    for heading in (
        "姓名",
        "病人姓名",
        "患者姓名",
        "联系电话",
        "主叫号码",
        "地址",
        "现场地址",
        "年龄",
    ):
        assert roles.key(heading) not in roles.headings()
    for heading in ("name", "patient name", "phone", "phone number", "address", "caller", "age"):
        assert roles.key(heading) not in roles.headings()


def test_two_columns_that_fit_a_stamp_are_reported_and_not_chosen() -> None:
    with pytest.raises(InputError) as caught:
        mapping.detect(["呼救时间", "来电时间", "受理时间", "到达现场时间", "到场时间"])
    assert [(f.key, f.params["role"]) for f in caught.value.faults] == [
        ("calls_ambiguous", "dial"),
        ("calls_ambiguous", "arrive"),
    ]
    assert "呼救时间, 来电时间" in caught.value.text("zh")


def test_a_plain_heading_wins_over_a_vague_one() -> None:
    found = mapping.detect(["序号", "呼救编号", "接警时间", "呼救时间", "到达现场时间"])
    assert found.columns["call_id"] == ("呼救编号",)
    assert found.stamps["dial"].columns == ("呼救时间",)


def test_two_descriptive_columns_give_the_first_and_a_notice() -> None:
    found = mapping.survey(["受理时间", "到达时间", "车牌号", "车辆编号"])
    assert found.mapping.columns["vehicle"] == ("车牌号",)
    assert [n.key for n in found.notices] == ["calls_choice"]
    assert not found.faults


def test_everything_missing_is_said_at_once() -> None:
    with pytest.raises(InputError) as caught:
        mapping.detect(["离开现场时间", "到达医院时间"])
    assert [f.key for f in caught.value.faults] == ["calls_no_arrive", "calls_no_start"]


def test_the_date_of_one_stamp_serves_all_and_two_serve_their_own() -> None:
    one = mapping.detect(["受理日期", "受理时间", "到达时间"])
    assert one.columns["date"] == ("受理日期",)
    assert one.stamps["answer"].date == ()
    two = mapping.detect(["受理日期", "受理时间", "到达日期", "到达时间"])
    assert "date" not in two.columns
    assert two.stamps["arrive"].date == ("到达日期",)


def test_no_wording_stands_for_two_roles_of_one_rank() -> None:
    seen: dict[tuple[str, int], set[str]] = {}
    for role, wording, rank in roles._wordings():
        seen.setdefault((roles.key(wording), rank), set()).add(role)
    assert not {key: found for key, found in seen.items() if len(found) > 1}


HEADINGS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=12
)
LISTS = st.lists(HEADINGS, min_size=1, max_size=3, unique=True).map(tuple)
GROUPS = st.lists(
    st.lists(HEADINGS, min_size=2, max_size=3, unique=True).map(tuple),
    min_size=1,
    max_size=2,
    unique=True,
).map(tuple)
MAPPINGS = st.builds(
    Mapping,
    undecided=st.dictionaries(st.sampled_from(roles.ROLES), GROUPS, max_size=4),
    stamps=st.dictionaries(
        st.sampled_from(STAMPS),
        st.builds(Stamp, LISTS, st.one_of(st.just(()), LISTS), st.sampled_from(stamps.FORMATS)),
    ),
    columns=st.dictionaries(
        st.sampled_from([r for r in roles.ROLES if r not in STAMPS]),
        LISTS,
    ),
    encoding=st.sampled_from(mapping_file.ENCODINGS),
    separator=st.sampled_from(mapping_file.SEPARATORS),
    sheet=st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    headings=LISTS,
    choices=st.dictionaries(st.sampled_from(roles.ROLES), LISTS),
)


@given(MAPPINGS)
def test_a_saved_mapping_is_loaded_as_it_was(given_mapping: Mapping) -> None:
    assert mapping_file.parse(mapping_file.dump(given_mapping)) == given_mapping


def test_a_saved_mapping_explains_itself_in_both_languages() -> None:
    text = mapping_file.dump(mapping.detect(["受理时间", "到达现场时间", "地址"]))
    assert "# 到达现场时刻" in text
    assert "# arrive: the crew is on scene" in text
    assert '#   "地址"' in text


def test_all_faults_of_a_mapping_file_are_said_at_once(tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    path.write_text(
        'encoding = "big5"\ncolour = 1\n[columns]\nname = "姓名"\nlon = 3\n'
        '[stamps]\nanswer = "受理"\n[stamps.arrive]\ncolumn = "到达"\nformat = "us"\nunit = "s"\n'
        "[stamps.teatime]\n"
    )
    with pytest.raises(InputError) as caught:
        mapping_file.load(path)
    assert sorted(f.key for f in caught.value.faults) == [
        "calls_mapping_heading",
        "calls_mapping_key",
        "calls_mapping_key",
        "calls_mapping_role",
        "calls_mapping_role",
        "calls_mapping_value",
        "calls_mapping_value",
    ]


@pytest.mark.parametrize("text", ["[stamps", "stamps = 3\n[columns]\n", 'a = "\ud7ff', "\x00"])
def test_broken_mapping_files_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        mapping_file.parse(text)


def test_a_missing_or_foreign_mapping_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        mapping_file.load(tmp_path / "none.toml")
    (tmp_path / "gbk.toml").write_bytes('[columns]\nlon = "经度"'.encode("gbk"))
    with pytest.raises(InputError, match="UTF-8"):
        mapping_file.load(tmp_path / "gbk.toml")


def test_a_mapping_that_names_a_column_no_file_has_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("受理时间,到达时间\n2024-1-1 1:00,2024-1-1 1:01\n", "utf-8")
    told = Mapping(
        {"answer": Stamp(("受理时间",)), "arrive": Stamp(("到达时间",))}, {"priority": ("急不急",)}
    )
    with pytest.raises(InputError, match="急不急"):
        calls.open(tmp_path / "a.csv", mapping=told)


def test_a_draft_is_written_where_headings_are_ambiguous(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("呼救时间,来电时间,到达时间\n", "utf-8")
    with pytest.raises(InputError):
        calls.open(tmp_path / "a.csv")
    draft = calls.draft(tmp_path / "a.csv")
    assert [fault.key for fault in draft.left] == ["calls_ambiguous"]
    assert not draft.unread
    told = mapping_file.parse(draft.text)
    assert told.undecided == {"dial": (("呼救时间", "来电时间"),)}
    assert "dial" not in told.stamps


AMBIGUOUS = (
    "流水号,事件编号,受理时间,接听时间,到达现场时间,到达时间\n"
    "1,e1,2024-3-5 1:00,2024-3-5 1:01,2024-3-5 1:10,2024-3-5 1:12\n"
)


def test_an_unedited_draft_is_refused_for_every_role_that_is_undecided(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(AMBIGUOUS, "utf-8")
    (tmp_path / "map.toml").write_text(calls.draft(tmp_path / "a.csv").text, "utf-8")
    with pytest.raises(InputError) as caught:
        calls.open(tmp_path / "a.csv", mapping=tmp_path / "map.toml")
    assert [(f.key, f.where) for f in caught.value.faults] == [
        ("calls_undecided", f"map.toml, {role}") for role in ("call_id", "answer", "arrive")
    ]
    assert "流水号, 事件编号" in caught.value.text("en")


def test_a_draft_of_which_one_column_each_is_kept_opens_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(AMBIGUOUS, "utf-8")
    text = calls.draft(tmp_path / "a.csv").text
    for dropped in ('"流水号", ', ', "接听时间"', '"到达现场时间", '):
        assert dropped in text
        text = text.replace(dropped, "")
    (tmp_path / "map.toml").write_text(text, "utf-8")
    source = calls.open(tmp_path / "a.csv", mapping=tmp_path / "map.toml")
    (row,) = calls.read(source.parts()[0]).table().to_dicts()
    assert row["call_id"] == "e1"
    assert row["arrive_s"] - row["answer_s"] == 12 * 60


def test_a_draft_keeps_one_of_every_file_where_headings_differ(tmp_path: Path) -> None:
    day = "2024-3-5"
    (tmp_path / "a.csv").write_text(AMBIGUOUS, "utf-8")
    (tmp_path / "b.csv").write_text(
        f"受理时间,到场时间,抵达时间\n{day} 2:00,{day} 2:20,{day} 2:30\n", "utf-8"
    )
    (tmp_path / "c.csv").write_text(f"answer,arrive\n{day} 3:00,{day} 3:40\n", "utf-8")
    text = calls.draft(tmp_path).text
    for dropped in ('"流水号", ', '"受理时间", ', '"到达现场时间", ', ', "抵达时间"'):
        assert dropped in text
        text = text.replace(dropped, "", 1)
    source = calls.open(tmp_path, mapping=mapping_file.parse(text))
    rows = [calls.read(part).table().row(0, named=True) for part in source.parts()]
    assert [(r["arrive_s"] - r["answer_s"]) // 60 for r in rows] == [11, 20, 40]


def test_a_draft_of_headings_that_nobody_knows_lists_them(tmp_path: Path) -> None:
    log = "Auszug 2024\n编,开,到\n1,2024-3-5 1:00,2024-3-5 1:10\n"
    (tmp_path / "a.csv").write_text(log, "utf-8")
    pl.DataFrame({"开": ["2024-3-5 1:00"], "到": ["2024-3-5 1:10"]}).write_excel(
        tmp_path / "b.xlsx"
    )
    for name in ("a.csv", "b.xlsx"):
        draft = calls.draft(tmp_path / name)
        assert [fault.key for fault in draft.left] == ["calls_no_arrive", "calls_no_start"]
        assert '#   "开"\n#   "到"\n' in draft.text
        text = draft.text.replace(
            '# [stamps.arrive]\n# column = "…"', '[stamps.arrive]\ncolumn="到"'
        )
        text = text.replace('# [stamps.answer]\n# column = "…"', '[stamps.answer]\ncolumn="开"')
        source = calls.open(tmp_path / name, mapping=mapping_file.parse(text))
        found = calls.read(source.parts()[0]).table()
        assert (found["arrive_s"] - found["answer_s"]).to_list() == [600]


def test_a_draft_leaves_out_files_that_cannot_be_read_and_names_them(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(AMBIGUOUS, "utf-8")
    (tmp_path / "b.csv").write_bytes(b"")
    draft = calls.draft(tmp_path)
    assert [fault.where for fault in draft.unread] == ["b.csv"]
    assert "到达现场时间" in draft.text
    with pytest.raises(InputError, match="empty"):
        calls.draft(tmp_path / "b.csv")


def test_a_draft_of_a_mapping_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(AMBIGUOUS, "utf-8")
    told = mapping_file.parse(
        '[columns]\npriority = "急不急"\n[stamps.answer]\ncolumn = "受理时间"\n'
        '[stamps.arrive]\nkeep_one = ["到达现场时间", "到达时间"]\n'
    )
    draft = calls.draft(tmp_path / "a.csv", mapping=told)
    assert [fault.key for fault in draft.left] == ["calls_undecided", "calls_mapped_missing"]
    assert mapping_file.parse(draft.text) == told
    assert '#   "流水号"' in draft.text


def test_two_dates_of_one_stamp_are_undecided_too(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "受理日期,接听日期,受理时间,到达日期,到达时间\n2024-3-5,2024-3-6,1:00,2024-3-6,1:10\n",
        "utf-8",
    )
    text = calls.draft(tmp_path / "a.csv").text
    assert mapping_file.parse(text).undecided == {"answer.date": (("受理日期", "接听日期"),)}
    told = mapping_file.parse(text.replace('"受理日期", ', ""))
    assert told.stamps["answer"].date == ("接听日期",)
    calls.open(tmp_path / "a.csv", mapping=told)


@pytest.mark.parametrize(
    "entry", ["keep_one = 3", 'keep_one = [["a"], 3]', 'keep = ["a", "b"]', "keep_one = [[1]]"]
)
def test_a_broken_choice_is_refused(entry: str) -> None:
    with pytest.raises(InputError):
        mapping_file.parse(f"[columns]\ncall_id = {{ {entry} }}\n")
    with pytest.raises(InputError):
        mapping_file.parse(f"[stamps.answer]\n{entry}\n")


def test_the_order_of_day_and_month_is_asked_for_and_then_used(tmp_path: Path) -> None:
    log = "answer,arrive\n05.03.2024 14:02:33,05.03.2024 14:12:33\n"
    (tmp_path / "a.csv").write_text(log, "utf-8")
    with pytest.raises(InputError) as caught:
        calls.open(tmp_path / "a.csv")
    assert [f.key for f in caught.value.faults] == ["calls_day_month"] * 2
    found = {}
    for form in ("dmy", "mdy"):
        told = Mapping({s: Stamp((s,), format=form) for s in ("answer", "arrive")})
        (part,) = calls.open(tmp_path / "a.csv", mapping=told).parts()
        found[form] = calls.read(part).table()["answer_s"].item()
    assert found["dmy"] == 1_709_647_353
    # From 5 March to 3 May are 26 + 30 + 3 days.
    assert found["mdy"] - found["dmy"] == 59 * 86_400
