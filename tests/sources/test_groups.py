"""Near-duplicate emoji share a group; photographs never do by accident."""

import pytest

from pixace.sources.groups import code_points, group_of


@pytest.mark.parametrize(
    "name",
    [
        "noto-emoji-32/emoji_u1f9d1_200d_2695.png",
        "emoji_u1f468_200d_2695.png",
        "emoji_u1f469_1f3fb_200d_2695.png",
        "1f468-1f3fb-200d-2695-fe0f.png",
        "openmoji/1F469-1F3FF-200D-2695-FE0F.svg",
    ],
)
def test_sexes_and_skins_of_one_profession_are_one_group(name):
    assert group_of(name) == "emoji:person-2695"


@pytest.mark.parametrize(
    "name",
    [
        *("emoji_u1f468", "emoji_u1f469_1f3fc", "emoji_u1f9d1_200d_1f9b0", "emoji_u1f466"),
        *("emoji_u1f468_200d_1f469_200d_1f467", "emoji_u1f46a", "emoji_u1f46b_1f3fb"),
        "emoji_u1f469_1f3fb_200d_2764_200d_1f48b_200d_1f468_1f3fc",
        "emoji_u1f9d1_1f3fb_200d_1f91d_200d_1f9d1_1f3fe",
    ],
)
def test_people_couples_and_families_are_one_group(name):
    assert group_of(f"{name}.png") == "emoji:person"


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("emoji_u1f3c3_1f3fb_200d_2640_200d_27a1.png", "emoji:1f3c3"),  # woman running right
        ("26f9-1f3fb-200d-2642-fe0f.png", "emoji:26f9"),  # man bouncing a ball
        ("emoji_u0023_20e3.png", "emoji:23-20e3"),
        ("emoji_u1f1e9_1f1ea.png", "emoji:1f1e9-1f1ea"),  # a flag
        ("emoji_u1f3fb.png", "emoji:1f3fb"),  # a skin tone as itself
        ("emoji_u2640.png", "emoji:2640"),  # a gender sign as itself
        ("emoji_u2764.png", "emoji:2764"),  # a heart belongs to nobody
        ("emoji_u1f934_1f3fb.png", "emoji:1f934"),  # prince
        ("emoji_u1f478_1f3fb.png", "emoji:1f478"),  # princess
    ],
)
def test_other_bases_stay_apart(name, group):
    assert group_of(name) == group


@pytest.mark.parametrize(
    "name",
    ["a/0001.jpg", "b/0001.jpg", "2024-05-01.png", "cafe.jpg", "deadbeef.png", "x_1f468.png", "1f"],
)
def test_other_names_are_groups_of_their_own(name):
    assert group_of(name) == name


def test_code_points_are_read_from_the_stem():
    assert code_points("emoji_u1f468_200d_2695") == (0x1F468, 0x200D, 0x2695)
    assert code_points("0001") == ()
