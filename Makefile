# `make` lists the targets. Everything else is in bootstrap.py (standard library only) and in `wenzheng`.
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help run test test-fast lint types contracts golden bench train-env docs clean

help:  ## 列出全部目标
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1|/' | column -t -s '|'

run:  ## 安装、准备并启动（首次约几分钟，之后 40 秒内就绪）
	@$(PYTHON) bootstrap.py run

test:  ## 安装测试所需的一切并运行全部测试
	@$(PYTHON) bootstrap.py test

test-fast: .dev  ## 一分钟内跑完的测试：不联网、不启动 Rasa 和浏览器
	@$(BIN)/python -m pytest -m "not sidecar and not browser and not postgres and not train and not slow"

lint: .dev  ## 代码风格
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: .dev  ## 类型检查
	@$(BIN)/mypy .

contracts: .dev  ## 包之间的依赖方向、对外接口与内部报文
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest tests/contract

golden: .dev  ## 真实网关加真实 Rasa 的对话用例
	@$(BIN)/python -m pytest -m sidecar

bench: .dev  ## 质量指标与检索延迟的测量
	@$(BIN)/wenzheng evaluate
	@$(BIN)/wenzheng bench

train-env:  ## 安装训练环境（torch、sentence-transformers）
	@$(PYTHON) bootstrap.py train-env

docs: .dev  ## 检查文档与代码一致
	@$(BIN)/python -m pytest tests -k docs

clean:  ## 删除环境和构建缓存（不动 var/ 里的数据）
	rm -rf .venv .venv-rasa .venv-train .cache build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .rasa

.PHONY: .dev
.dev:
	@$(PYTHON) bootstrap.py dev-env
