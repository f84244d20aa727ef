"""How columns of call records are headed, in Chinese and English, by role.

Headings are compared by `key`: width, case, spaces, punctuation, remarks in brackets and the
traditional forms of the characters that occur here make no difference.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Final

from geodata.calls.table import STAMPS, TEXTS

ROLES: Final[tuple[str, ...]] = ("call_id", "date", *STAMPS, "lon", "lat", *TEXTS)
"""Everything that a column can be."""

DECISIVE: Final = frozenset(("call_id", *STAMPS, "lon", "lat"))
"""Roles for which two columns that fit equally well are a fault, never a choice."""

_REMARK = re.compile(r"[(\[【〔][^)\]】〕]*[)\]】〕]")
_PUNCTUATION = re.compile(r"[\W_]+")
_SIMPLIFIED = str.maketrans(
    "時間車達離開現場醫點號單類級縣鄉鎮經緯結標誌後",
    "时间车达离开现场医点号单类级县乡镇经纬结标志后",
)

# Stems of the Chinese headings of a stamp, to which 时间, 时刻, 日期时间 … are added; "!" marks
# wordings that name the stamp less plainly and count only where no plain one is there.
_STEMS_ZH: Final = {
    "dial": (
        "呼救 来电 振铃 呼叫 报警 拨打 拨号 主叫 呼入 电话呼入 求救 报案 进线 来电振铃 电话振铃 "
        "120呼救 呼救来电 !接警 !电话 !事件 !事发"
    ),
    "answer": (
        "受理 接听 摘机 开始受理 受理开始 接电 接起 应答 接线 调度受理 接听电话 电话接听 首次受理 "
        "受理接听 !接报 !创建 !登记 !建单 !受理结束 !结束受理"
    ),
    "dispatch": (
        "派车 调派 调度 派单 派遣 指派 派出 派警 下达指令 指令下达 下达任务 任务下达 调度派车 "
        "发送指令 指令发送 发送派车单 首次派车 首次调派 !指令 !派发 !出警指令"
    ),
    "depart": (
        "出车 出动 出发 发车 驶出 驶离 车辆出动 车辆出发 车辆出车 救护车出车 救护车出发 首车出动 "
        "!出诊 !出警 !接受指令 !接收指令 !收到指令"
    ),
    "arrive": (
        "到达现场 到现场 抵达现场 到达 抵达 到场 车辆到达 车辆到达现场 救护车到达现场 到达事发地 "
        "到达事故现场 到达地点 到达病人身边 到达患者身边 抵达事发地 现场到达 首车到达 !接触病人 "
        "!接触患者 !见到病人"
    ),
    "leave": (
        "离开现场 离现场 驶离现场 撤离现场 离场 现场离开 离开 病人上车 患者上车 上车 接到病人 "
        "接上病人 !离开事发地 !返院 !回院 !返程"
    ),
    "hospital": (
        "到达医院 到院 抵达医院 送达医院 送达 到达送往医院 送达目的地 送医到达 入院 医院到达 "
        "送到医院 !交接 !到达目的地 !送院 !病人交接"
    ),
    "clear": (
        "任务完成 完成任务 完成 任务结束 结束任务 结束 返站 回站 返回站 回到站 返回 到站 归队 待命 "
        "恢复待命 可调派 空闲 返回站点 返回驻地 返回急救站 完成出车 !离开医院 !回车 !结案 !返回待命"
    ),
}
_TAILS_ZH = ("时间", "时刻", "日期时间", "时间点", "时间戳", "时")
_DATE_TAILS_ZH = ("日期", "年月日")

_STEMS_EN: Final = {
    "dial": (
        "dial|dialled|dialed|ring|ringing|call|called|call received|phone|incoming call|"
        "call start|call in|first ring|t0|!incident|!event|!received"
    ),
    "answer": (
        "answer|answered|call answered|pick up|picked up|accept|accepted|call accepted|"
        "call taken|call pickup|call connect|!created|!registered|!entry|!call entry"
    ),
    "dispatch": (
        "dispatch|dispatched|assign|assigned|unit dispatched|unit assigned|allocated|allocate|"
        "vehicle assigned|vehicle allocated|first assigned|alert|alerted|crew alerted|!notified"
    ),
    "depart": (
        "depart|departed|departure|en route|enroute|mobile|turnout|"
        "mobilised|mobilized|unit enroute|"
        "unit en route|respond|responding|rolling|vehicle mobile|wheels rolling|left station"
    ),
    "arrive": (
        "arrive|arrived|arrival|on scene|onscene|at scene|arrive scene|arrived scene|scene arrival|"
        "arrive on scene|arrived on scene|arrived at scene|arrive at scene|arrival at scene|"
        "arrival on scene|unit arrived|vehicle arrived|first arrival|!at patient|!patient contact"
    ),
    "leave": (
        "leave|left|leave scene|left scene|depart scene|departed scene|scene departure|"
        "departure from scene|transport|transport start|transporting|begin transport|scene left|"
        "leaving scene|to hospital"
    ),
    "hospital": (
        "hospital|arrive hospital|arrived hospital|"
        "arrived at hospital|hospital arrival|at hospital|"
        "arrive at hospital|arrive destination|arrived destination|at destination|"
        "destination arrival|!handover|!hand over"
    ),
    "clear": (
        "clear|cleared|complete|completed|finish|finished|available|in service|back in service|"
        "close|closed|call closed|end|back at station|returned|return to station|at station|"
        "in quarters|!left hospital|!leave hospital|!depart hospital"
    ),
}
# Stems that by themselves may head a column of something else.
_MORE_THAN_STAMPS = frozenset(
    ("hospital", "post", "call", "end", "close", "mobile", "phone", "alert")
)
_TAILS_EN = ("time", "at", "ts", "timestamp", "datetime", "date time", "stamp", "dt", "s", "clock")

_OTHERS: Final = {
    "call_id": (
        "呼救编号|呼叫编号|呼救流水号|受理流水号|受理编号|受理单号|"
        "事件编号|事件流水号|事件号|事件id|"
        "案件编号|流水号|呼救id|呼叫id|来电编号|警情编号|受理号|调度编号|"
        "call id|call number|call no|"
        "incident id|incident number|incident no|case id|case number|case no|event id|event number|"
        "cad number|cad incident id|!任务编号|!任务流水号|"
        "!任务单号|!出车编号|!派车单号|!病历编号|!编号|"
        "!单号|!记录编号|!序号|!id|!record id|!job id|!job number|!run number|!mission id|!uid|!no|"
        "!number"
    ),
    "date": (
        "日期|年月日|业务日期|统计日期|记录日期|发生日期|事发日期|出诊日期|date|day|call date|"
        "incident date|record date|event date|service date|date of call"
    ),
    "lon": (
        "经度|lon|lng|long|longitude|x|现场经度|呼救经度|"
        "事发经度|事件经度|病人经度|患者经度|坐标经度|"
        "坐标x|x坐标|scene lon|scene lng|scene longitude|"
        "incident longitude|call lon|call longitude|"
        "wgs84 lon|lon deg|point x"
    ),
    "lat": (
        "纬度|lat|latitude|y|现场纬度|呼救纬度|事发纬度|事件纬度|"
        "病人纬度|患者纬度|坐标纬度|坐标y|y坐标|"
        "scene lat|scene latitude|incident latitude|call lat|"
        "call latitude|wgs84 lat|lat deg|point y"
    ),
    "county": (
        "县区|区县|县|区|行政区|行政区划|所属区县|所属县区|县市区|"
        "区县名称|事发区县|现场区县|所在区县|"
        "county|district|county name|district name|borough|"
        "municipality|!区域|!所属区域|!area|!region"
    ),
    "township": (
        "乡镇|街道|镇街|乡镇街道|街道乡镇|镇|乡|所属乡镇|所属街道|"
        "镇乡街道|乡镇名称|街道名称|事发乡镇|"
        "现场乡镇|所在乡镇|乡镇(街道)|township|town|subdistrict|sub district|township name|village|"
        "parish|ward|locality"
    ),
    "post": (
        "急救站|急救点|分站|站点|急救分站|出车分站|出车单位|出车站点|派车分站|急救站点|出诊单位|"
        "急救单位|所属分站|派车单位|出动分站|急救站名称|分站名称|站点名称|急救点名称|post|station|"
        "base|station name|post name|station id|post id|ambulance station|depot|"
        "!单位|!医院|!出车医院|!unit station"
    ),
    "vehicle": (
        "车辆编号|车辆|车号|救护车编号|车牌号|车牌|车牌号码|车辆号牌|"
        "车辆标识|出动车辆|派出车辆|车组|"
        "车辆代码|救护车|vehicle|vehicle id|unit|unit id|ambulance|ambulance id|callsign|call sign|"
        "plate|vehicle number|vehicle no|unit number|!车辆id|!resource"
    ),
    "vehicle_kind": (
        "车辆类型|车型|交通工具|出动方式|运送方式|转运方式|车辆类别|载具|载具类型|工具类型|"
        "vehicle kind|vehicle type|unit type|resource type|mode|transport mode"
    ),
    "call_type": (
        "呼救类型|呼叫类型|事件类型|呼救原因|呼叫原因|病种|疾病类型|"
        "病情类型|主诉类型|事故类型|受理类型|"
        "疾病分类|事件类别|呼救种类|病因|call type|incident type|event type|nature|problem|type|"
        "category|complaint type|call category|!主诉|!类型|!任务类型|!chief complaint"
    ),
    "priority": (
        "优先级|紧急程度|病情级别|病情等级|等级|级别|病情分级|紧急级别|病情程度|危重程度|病情|"
        "优先级别|分级|priority|urgency|triage|acuity|severity|priority level|call priority|code|"
        "priority code|triage level"
    ),
    "outcome": (
        "出车结果|任务结果|处理结果|结果|救治结果|出诊结果|任务状态|"
        "转归|派车结果|受理结果|完成情况|"
        "事件结果|异常结束原因|取消原因|救治结局|病人转归|救治转归|出车状态|结束类型|"
        "outcome|disposition|result|status|final status|call outcome|cancel reason|"
        "incident disposition|!状态|!备注结果"
    ),
}


def key(heading: str) -> str:
    """Return a heading as it is compared.

    Example:
        >>> key("到達現場時間（时:分）"), key("Arrive_Time "), key("arriveTime")
        ('到达现场时间', 'arrivetime', 'arrivetime')
    """
    folded = unicodedata.normalize("NFKC", heading).casefold().translate(_SIMPLIFIED)
    bare = _PUNCTUATION.sub("", _REMARK.sub("", folded))
    return bare or _PUNCTUATION.sub("", folded)


@cache
def headings() -> dict[str, tuple[str, int]]:
    """Return role and rank (0 plain, 1 less plain) of every known heading by its `key`.

    A date column that belongs to one stamp has the role ``<stamp>.date``.
    """
    found: dict[str, tuple[str, int]] = {}
    for role, wording, rank in _wordings():
        before = found.setdefault(key(wording), (role, rank))
        if before[0] != role and rank < before[1]:
            found[key(wording)] = role, rank
    return found


def _wordings() -> Iterator[tuple[str, str, int]]:
    # The names of this tool's own tables come first, then plain wordings, then the less plain.
    for role in ROLES:
        yield role, role, 0
    for stamp in STAMPS:
        yield stamp, f"{stamp}_s", 0
    for role, words in _OTHERS.items():
        for word in words.split("|"):
            yield role, word.lstrip("!"), int(word.startswith("!"))
    for stamp in STAMPS:
        for word in _STEMS_ZH[stamp].split():
            stem, rank = word.lstrip("!"), int(word.startswith("!"))
            for tail in _TAILS_ZH:
                yield stamp, stem + tail, rank
            for tail in _DATE_TAILS_ZH:
                yield f"{stamp}.date", stem + tail, rank
        for word in _STEMS_EN[stamp].split("|"):
            yield from _english(stamp, word.lstrip("!"), int(word.startswith("!")))


def _english(stamp: str, stem: str, rank: int) -> Iterator[tuple[str, str, int]]:
    if stem not in _MORE_THAN_STAMPS:
        yield stamp, stem, rank
        yield f"{stamp}.date", f"{stem} date", rank
        yield f"{stamp}.date", f"date {stem}", rank
    for tail in _TAILS_EN:
        yield stamp, f"{stem} {tail}", rank
    yield stamp, f"time {stem}", rank
    yield stamp, f"t {stem}", rank
