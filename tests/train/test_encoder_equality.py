"""The encoder that `make run` writes as an ONNX graph is the sentence-transformers model of the same weights."""

from pathlib import Path

import numpy as np
import pytest

from retrieval.encoder import EncoderManifest, OnnxEncoder
from retrieval.encoder_build.adapter import adapted, bundled_adapter, write_adapter
from retrieval.encoder_build.build import E5_PASSAGE_PROMPT, E5_QUERY_PROMPT, FP32_FILE, finish_folder, write_fp32
from tests.fixtures.tiny_e5 import random_adapter, tiny_e5

pytestmark = pytest.mark.train

TEXTS = [
    "社保",
    "稳岗返还",
    "12345热线",
    "开饭店要办哪些证",
    "怎么办理企业设立登记",
    "高新技术企业认定需要满足哪些条件？",
    "ＡＢＣ　全角１２３ 和 半角 123",
    "我想諮詢一下個體戶註銷的流程",
    "公司搬家了，营业执照地址要不要改？",
    "医保断缴三个月，还能报销住院费用吗",
    "失业金最多可以领几个月，去哪里申请，带什么材料",
    "粤府〔2023〕5号文件里说的“免申即享”是什么意思",
    "小微企业年应纳税所得额不超过300万元的，减按25%计算应纳税所得额，按20%的税率缴纳企业所得税。",
    "我妈今年62岁，户口在湖南，跟我住在广州，想办老年人优待卡，需要居住证满几年，代办行不行？",
    "个体工商户转为企业后，原有的许可证还能继续使用吗，需要重新申请还是办理变更登记？",
    "本办法自2024年1月1日起施行，有效期五年。申请人应当在每年3月31日前通过政务服务网提交申请表、营业执照和完税证明。",
    "😀 emoji 和生僻字 㐀𠀀 也不应出错",
    "申请材料：1.申请书；2.身份证明；3.住所使用证明；4.章程；5.法律、行政法规规定的其他文件。" * 2,
    "办理地点：广州市越秀区东风中路305号5号楼808房；咨询电话：020-12345678；时间：工作日9:00-12:00，13:30-17:00。" * 4,
    "第一条为了规范市场主体登记管理行为，推进法治化市场建设，维护良好市场秩序和市场主体合法权益，优化营商环境，制定本条例。" * 12,
]


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """(fp32 vectors, one by one and in padded batches; int8 vectors; SentenceTransformer) of what this checkout builds."""
    from training.e5_model import bundled_weights, sentence_transformer

    weights = bundled_weights(bundled_adapter())
    folder = tmp_path_factory.mktemp("encoder")
    write_fp32(weights, folder)
    EncoderManifest("e5", "0", weights.hidden, E5_QUERY_PROMPT, E5_PASSAGE_PROMPT, "mean", "fp32", FP32_FILE).write(folder)
    encoder = OnnxEncoder(folder)
    alone = np.concatenate([encoder.encode_queries([text]) for text in TEXTS])
    together = encoder.encode_queries(TEXTS)
    finish_folder(
        folder, model="e5", dimension=weights.hidden, query_prompt=E5_QUERY_PROMPT, passage_prompt=E5_PASSAGE_PROMPT,
        pooling="mean", max_tokens=weights.positions,
    )  # fmt: skip
    served = OnnxEncoder(folder).encode_queries(TEXTS)
    return alone, together, served, sentence_transformer(weights).encode(TEXTS, prompt_name="query", batch_size=len(TEXTS))


def lowest_cosine(ours: np.ndarray, theirs: np.ndarray) -> float:
    assert ours.shape == theirs.shape
    return float(np.sum(ours * theirs, axis=1).min())


def test_fp32_equals_sentence_transformers_text_by_text(real):
    alone, _together, _served, reference = real
    assert lowest_cosine(alone, reference) >= 0.9999


def test_fp32_equals_sentence_transformers_in_one_padded_batch(real):
    _alone, together, _served, reference = real
    assert lowest_cosine(together, reference) >= 0.9999


def test_what_is_served_is_near_sentence_transformers(real):
    _alone, _together, served, reference = real
    assert lowest_cosine(served, reference) >= 0.98


def test_an_adapter_means_the_same_to_both(tmp_path: Path):
    from training.e5_model import sentence_transformer

    weights = adapted(tiny_e5(), write_adapter(tmp_path / "adapter.npz", random_adapter()))
    write_fp32(weights, tmp_path)
    EncoderManifest("e5", "0", weights.hidden, "query: ", "", "mean", "fp32", FP32_FILE, weights.positions).write(tmp_path)
    ours = OnnxEncoder(tmp_path).encode_queries(TEXTS)
    model = sentence_transformer(weights)
    assert lowest_cosine(ours, model.encode(TEXTS, prompt_name="query")) >= 0.9999
    assert lowest_cosine(ours, sentence_transformer(tiny_e5()).encode(TEXTS, prompt_name="query")) < 0.99
